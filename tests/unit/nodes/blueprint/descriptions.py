"""Descriptions with what a reader has to find in them, for the tests of the reader."""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Wanted:
    """A description and what it states: records, roles, fields and states by record."""

    text: str
    records: tuple[str, ...]
    roles: tuple[str, ...] = ()
    fields: dict[str, tuple[str, ...]] = field(default_factory=dict)
    states: dict[str, tuple[str, ...]] = field(default_factory=dict)


OPEN = {
    "customers": Wanted(
        "Write a management program for a customer business entity with create, delete, update and query. A customer has a name, birthday, "
        "age, sex and phone. Querying and deleting are done by name. Store the data in SQLite and keep the program "
        "concise and easy to maintain.",
        ("customer",),
        fields={"customer": ("name", "birthday", "age", "sex", "phone")},
    ),
    "crm": Wanted(
        "Create a website-based client relationship management system. A customer has a name, birthday, age, sex, "
        "company and phone number. "
        "Each customer may have one or more preferred products and one or more purchase records. A product has a name, "
        "price and description.",
        ("customer", "product", "purchase"),
        fields={"customer": ("name", "birthday", "age", "sex", "company", "phone_number"), "product": ("name", "price", "description")},
    ),
    "claims": Wanted(
        "Create a web-based system for accounting claims. The subjects are travel expenses, labor expenses, management "
        "expenses and equipment "
        "expenses. Employees submit claims, and an administrator approves or rejects them.",
        ("claim",),
        ("employee", "administrator"),
        {"claim": ("subject",)},
        {"claim": ("submitted", "approved", "rejected")},
    ),
    "calls": Wanted(
        "Implement a customer service call logging system. Agents identify the client, choose a call type, and record action steps and "
        "follow-up steps for every call. Users can create call logs, view open calls, view to-do calls and generate call log reports.",
        ("client", "call"),
        ("agent",),
        {"call": ("call_type", "action_steps", "follow_up_steps")},
        {"call": ("open", "to_do")},
    ),
    "insurance": Wanted(
        "Implement a web application for an insurance business with customer management, policy management and claims "
        "management. Users can "
        "browse customers, policies and claims, perform the matching operations, and see data analysis and reports.",
        ("customer", "policy", "claim"),
    ),
    "detectives": Wanted(
        "Implement a detective agency case management app. Detectives browse cases, submit real-time reports, log work hours, and view "
        "estimated expense sheets and service assignment sheets for each case.",
        ("case", "report_record", "work_hour", "expense_sheet", "service_assignment_sheet"),
        ("detective",),
    ),
    "barbers": Wanted(
        "Implement a barber shop management website where staff add barbers and services, customers book an "
        "appointment with a barber for a "
        "service, and a notification is sent when the booking is confirmed.",
        ("barber", "service", "appointment"),
        ("staff", "customer"),
        states={"appointment": ("booked", "confirmed")},
    ),
    "internships": Wanted(
        "Implement an internship portal that connects students with companies. It has a student panel and a company panel: companies post "
        "internships, students browse and apply, and companies accept or reject applications.",
        ("student", "company", "internship", "application"),
        ("student", "company"),
        states={"application": ("applied", "accepted", "rejected")},
    ),
    "hospital": Wanted(
        "Implement a hospital management website for patients, finances and inventory. Staff register patients, "
        "collect patient fees, manage "
        "stock of medical supplies, and generate financial reports.",
        ("patient", "fee", "supply", "stock_movement"),
        ("staff",),
    ),
    "cars": Wanted(
        "Implement a car rental platform. Users browse different types of cars, select rental dates and times, book a "
        "car, pay, and view their "
        "booking records.",
        ("car", "booking"),
        ("user",),
        {"car": ("car_type",), "booking": ("start_date_and_time", "end_date_and_time")},
        {"booking": ("booked", "paid", "cancelled")},
    ),
    "forum": Wanted(
        "Implement a forum with posting, replying, searching and browsing by category. Users create posts, reply to "
        "other users' posts, and "
        "have a user center that shows their own posts, replies and personal information.",
        ("post", "reply", "category"),
        ("user",),
    ),
    "polls": Wanted(
        "Implement a polls website where users browse polls, cast a vote for one of the options of a poll, and view the voting results.",
        ("poll", "vote", "option"),
        ("user",),
    ),
    "trivia": Wanted(
        "Implement an online trivia contest app. Users browse and enroll in contests, answer the questions of a "
        "contest, and see their score "
        "and rank on a leaderboard.",
        ("contest", "question", "option", "answer", "enrollment"),
        ("user",),
    ),
    "tasks": Wanted(
        "Create a simple to-do list app using HTML, CSS, and JavaScript. Store tasks in local storage and allow users "
        "to add, edit, and delete tasks.",
        ("task",),
        ("user",),
    ),
    "calories": Wanted(
        "Create a website for a calorie tracker application. Users record meals with a food, calories and a date, and "
        "see a chart of calories per day.",
        ("meal",),
        ("user",),
        {"meal": ("food", "calories", "date")},
    ),
    "office": Wanted(
        "Implement a website for a clinical office with a home page, about us, services and contact us. Visitors learn "
        "about the office, view the "
        "services provided and send a message through the contact page.",
        ("service", "message"),
        ("visitor",),
    ),
}
"""Public prompts of other projects, reworded; what is wanted was written down before the reader was."""

OWN = {
    "clinic": Wanted(
        "We run a small veterinary clinic. Receptionists register owners and their pets. A pet has a name, species, "
        "breed and date of birth, and "
        "belongs to an owner. Owners book appointments with a vet. Vets write a treatment note for each visit. Each appointment is booked, "
        "completed or cancelled.",
        ("owner", "pet", "appointment", "treatment_note"),
        ("receptionist", "owner", "vet"),
        {"pet": ("name", "species", "breed", "date_of_birth")},
        {"appointment": ("booked", "completed", "cancelled")},
    ),
    "library": Wanted(
        "Library loans. Members borrow books and return them within 14 days. A book has a title, an author, an ISBN "
        "and a genre (fiction, science, "
        "history or children). Librarians add books and register members.",
        ("book", "member", "loan"),
        ("member", "librarian"),
        {"book": ("title", "author", "isbn", "genre")},
        {"loan": ("borrowed", "returned")},
    ),
    "helpdesk": Wanted(
        "An IT helpdesk: employees open tickets with a subject, description and priority (low, medium, high). Support "
        "agents assign tickets to "
        "themselves, resolve them and close them. Managers see the number of tickets per priority.",
        ("ticket",),
        ("employee", "support_agent", "manager"),
        {"ticket": ("subject", "description", "priority")},
        {"ticket": ("open", "assigned", "resolved", "closed")},
    ),
    "leave": Wanted(
        "Employees request leave with a start date, end date and reason. The leave type is one of vacation, sick or "
        "unpaid. Their manager approves "
        "or rejects the request.",
        ("leave_request",),
        ("employee", "manager"),
        {"leave_request": ("start_date", "end_date", "reason", "leave_request_type")},
        {"leave_request": ("requested", "approved", "rejected")},
    ),
    "restaurant": Wanted(
        "Restaurant reservation system. Guests reserve a table for a date and time and a number of people. Tables have "
        "a number and seats. Staff "
        "confirm or cancel reservations. No table may be reserved twice at the same time.",
        ("table", "reservation"),
        ("guest", "staff"),
        {"table": ("number", "seats"), "reservation": ("number_of_people",)},
        {"reservation": ("reserved", "confirmed", "cancelled")},
    ),
    "invoices": Wanted(
        "I want to track invoices for my freelance business. Each invoice belongs to a client and has a number, an "
        "issue date, a due date and "
        "several line items. A line item has a description, quantity and unit price. Invoices are draft, sent, paid or "
        "overdue. Show the total per client.",
        ("invoice", "client", "line_item"),
        (),
        {"invoice": ("number", "issue_date", "due_date"), "line_item": ("description", "quantity", "unit_price")},
        {"invoice": ("draft", "sent", "paid", "overdue")},
    ),
    "gym": Wanted(
        "Gym management. Members have a name, email, phone and membership plan. Trainers run classes; each class has a "
        "title, start time, capacity "
        "and a trainer. Members can book a class and cancel their booking.",
        ("member", "class_record", "booking"),
        ("member", "trainer"),
        {"member": ("name", "email", "phone", "membership_plan"), "class_record": ("title", "start_time", "capacity")},
        {"booking": ("booked", "cancelled")},
    ),
    "rental": Wanted(
        "A property rental app for landlords. A property has an address, rent and number of rooms. Tenants sign leases "
        "for a property with a start "
        "date and an end date. Tenants report maintenance requests with a photo link; landlords mark them as in progress or done.",
        ("property_record", "lease", "maintenance_request"),
        ("tenant", "landlord"),
        {"property_record": ("address", "rent", "number_of_rooms"), "lease": ("start_date", "end_date")},
        {"maintenance_request": ("reported", "in_progress", "done")},
    ),
    "warehouse": Wanted(
        "Inventory tool for a warehouse. Products have SKU, name, category, quantity in stock and reorder level. "
        "Suppliers have a name, contact "
        "email and phone. Each product is supplied by one supplier. Clerks record stock movements (in or out) with a quantity and date.",
        ("product", "supplier", "stock_movement"),
        ("clerk",),
        {"product": ("sku", "name", "category", "quantity", "reorder_level"), "stock_movement": ("quantity", "date")},
    ),
    "donations": Wanted(
        "Charity donations tracker. Donors donate an amount to a campaign. A campaign has a title, goal amount and end date. Report total "
        "donations per campaign.",
        ("campaign", "donation"),
        ("donor",),
        {"campaign": ("title", "goal_amount", "end_date"), "donation": ("amount",)},
    ),
    "courses": Wanted(
        "Course platform where teachers create courses and lessons, students enroll in courses and submit assignments, "
        "and teachers grade the assignments.",
        ("course", "lesson", "enrollment", "assignment"),
        ("teacher", "student"),
        states={"assignment": ("submitted", "graded")},
    ),
    "recipes": Wanted(
        "Recipe box. Users save recipes with a title, ingredients, instructions, cooking time and difficulty (easy, "
        "medium, hard). Users can rate "
        "and comment on recipes.",
        ("recipe", "rating"),
        ("user",),
        {"recipe": ("title", "ingredients", "instructions", "cooking_time", "difficulty")},
    ),
    "vehicles": Wanted(
        "Fleet manager for company vehicles: vehicles have a plate number, make, model, year and mileage. Employees "
        "request a vehicle for a period; "
        "a fleet manager approves or declines. Maintenance records belong to a vehicle and have a date, cost and description.",
        ("vehicle", "vehicle_request", "maintenance_record"),
        ("employee", "fleet_manager"),
        {"vehicle": ("plate_number", "make", "model", "year", "mileage"), "maintenance_record": ("date", "cost", "description")},
        {"vehicle_request": ("requested", "approved", "declined")},
    ),
    "events": Wanted(
        "Organizers publish events with a title, a location, a date and time and a capacity. Attendees register for "
        "events and can cancel their "
        "registration. Organizers see the number of registrations per event.",
        ("event", "registration"),
        ("organizer", "attendee"),
        {"event": ("title", "location", "capacity")},
    ),
}
"""Usual business apps, written for these tests."""
