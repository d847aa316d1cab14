"""Descriptions to begin with: each is a real request that the built-in builder makes an app of."""

from dataclasses import dataclass


@dataclass(frozen=True)
class AppTemplate:
    """A description under a name; `shows` says what one can see by it."""

    name: str
    title: str
    shows: str
    description: str


APP_TEMPLATES = (
    AppTemplate(
        "library",
        "Library",
        "Requests with an approval",
        "A library keeps books and members. A book has a title, an author and an isbn. A member has a name and an e-mail. "
        "Members borrow books; a librarian approves or rejects each loan.",
    ),
    AppTemplate(
        "claims",
        "Travel claims",
        "Own records, and a manager who decides",
        "Employees submit travel claims with a destination, a travel date, an amount and a note. "
        "A manager approves or rejects them. Employees see only their own claims. Show the total amount by month.",
    ),
    AppTemplate(
        "tickets",
        "Help desk",
        "States, roles and a report",
        "Customers open tickets with a subject, a description and a priority (low, normal, high). "
        "Agents start work on a ticket, resolve it or close it. An agent writes comments on tickets. Count tickets by priority.",
    ),
    AppTemplate(
        "stock",
        "Stock room",
        "Records that refer to one another",
        "Clerks manage products and suppliers. "
        "A product has a name, an article number, a price and a quantity, and belongs to a supplier. "
        "A supplier has a name, an e-mail and a phone number.",
    ),
    AppTemplate(
        "rooms",
        "Room booking",
        "Bookings that may not overlap",
        "Employees book meeting rooms. A room has a name, a floor and a number of seats. "
        "A booking has a start time, an end time and a purpose. Two bookings of the same room may not overlap. "
        "A receptionist manages the rooms.",
    ),
    AppTemplate(
        "crm",
        "Sales contacts",
        "A pipeline of steps",
        "Sales people keep companies and contacts. A company has a name, a website and a city. "
        "A contact has a name, an e-mail and a phone number and belongs to a company. "
        "A deal has a title and an amount, belongs to a company, and is qualified, then won or lost.",
    ),
)
BY_NAME = {template.name: template for template in APP_TEMPLATES}
