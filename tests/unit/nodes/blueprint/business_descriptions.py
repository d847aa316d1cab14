"""Twelve descriptions as twelve different people would write them, with what each states.

Written before the reader was tried on any of them, texts and expectations alike; see `test_reader_business.py` for
what was found at first sight.
"""

from tests.unit.nodes.blueprint.descriptions import Wanted

BUSINESS = {
    "clinic": Wanted(
        "We run a small physiotherapy clinic. Patients have a full name, date of birth, phone number and email. Each "
        "appointment is for one patient with one therapist, has a start time and an end time, and a reason for the visit. "
        "Receptionists schedule appointments and can cancel them. Therapists mark appointments as completed and add "
        "treatment notes. No therapist may have two appointments at the same time.",
        ("patient", "therapist", "appointment"),
        ("receptionist", "therapist"),
        {
            "patient": ("full_name", "date_of_birth", "phone_number", "email"),
            "appointment": ("start_time", "end_time", "reason"),
        },
        {"appointment": ("scheduled", "cancelled", "completed")},
    ),
    "memberships": Wanted(
        "I need something to manage my fitness studio. It should keep track of members (name, email, emergency contact) and "
        "of membership plans with a title, a monthly fee and a duration in months. A member subscribes to a plan on a "
        "start date. Front desk staff can freeze or cancel a subscription. I want a report of subscriptions per plan.",
        ("member", "membership_plan", "subscription"),
        ("member", "front_desk_staff"),
        {
            "member": ("name", "email", "emergency_contact"),
            "membership_plan": ("title", "monthly_fee", "duration"),
            "subscription": ("start_date",),
        },
        {"subscription": ("frozen", "cancelled")},
    ),
    "reservations": Wanted(
        "Build a reservation book for our restaurant. Guests reserve a table for a given date, time and party size. Tables "
        "have a number, a seating capacity and a location such as terrace, bar or main room. The host confirms "
        "reservations, seats guests when they arrive, and flags no-shows.",
        ("table", "reservation"),
        ("guest", "host"),
        {"table": ("number", "seating_capacity", "location"), "reservation": ("date", "time", "party_size")},
        {"reservation": ("reserved", "confirmed")},
    ),
    "leave": Wanted(
        "An HR tool for time off. Employees request leave by choosing a leave type (annual, sick, unpaid or parental), a "
        "first day, a last day and an optional comment. Their supervisor approves or declines each request. HR officers "
        "can see every request; employees only see their own. Employees may withdraw a pending request.",
        ("leave_request",),
        ("employee", "supervisor", "hr_officer"),
        {"leave_request": ("leave_type", "first_day", "last_day", "comment")},
        {"leave_request": ("approved", "declined", "withdrawn")},
    ),
    "helpdesk": Wanted(
        "Internal IT support desk. Anyone in the company can open a ticket with a subject, a description, a category and an "
        "urgency (low, normal, high, critical). Technicians take over tickets, reply with comments and resolve them. The "
        "requester can reopen a resolved ticket or close it. Show the number of tickets by category.",
        ("ticket",),
        ("technician",),
        {"ticket": ("subject", "description", "category", "urgency")},
        {"ticket": ("open", "resolved", "closed")},
    ),
    "stock": Wanted(
        "Stock keeping for a hardware wholesaler: articles carry an article number, a name, a unit price, the quantity on "
        "hand and a reorder level, and come from a supplier. Suppliers have a company name, a contact person, an e-mail "
        "address and a city. Buyers place purchase orders with a supplier; a purchase order contains several order lines, "
        "each with an article and a quantity. Warehouse clerks receive purchase orders.",
        ("article", "supplier", "purchase_order", "order_line", "stock_movement"),
        ("buyer", "warehouse_clerk"),
        {
            "article": ("article_number", "name", "unit_price", "quantity_on_hand", "reorder_level"),
            "supplier": ("company_name", "contact_person", "e_mail_address", "city"),
            "order_line": ("quantity",),
        },
        {"purchase_order": ("placed", "received")},
    ),
    "courses": Wanted(
        "Evening school. Each course has a code, a title, a syllabus, a maximum number of participants and is taught by one "
        "teacher. Students enrol in courses. Teachers give every enrolment a grade from 1 to 6. The office creates "
        "courses and publishes them; only published courses are visible to students. Nobody can enrol twice in the same "
        "course.",
        ("course", "enrolment"),
        ("teacher", "student"),
        {"course": ("code", "title", "syllabus"), "enrolment": ("grade",)},
        {"course": ("published",)},
    ),
    "events": Wanted(
        "A site where organisers publish events (name, venue, date, start time, ticket price, number of seats) and visitors "
        "register for them. Visitors can cancel their registration up to the day before. Organisers check in the visitors "
        "at the door and export the list of registrations as CSV.",
        ("event", "registration"),
        ("organiser", "visitor"),
        {"event": ("name", "venue", "date", "start_time", "ticket_price", "number_of_seats")},
        {"registration": ("registered", "cancelled")},
    ),
    "rentals": Wanted(
        "Landlords keep their properties here: address, number of bedrooms, monthly rent and whether it is furnished. A "
        "lease links a property to a tenant and records the start date, the end date and the deposit. Tenants report "
        "repairs for their property, with a photo and a description; the landlord assigns them to a contractor and marks "
        "them as fixed.",
        ("property_record", "lease", "repair", "contractor"),
        ("landlord", "tenant"),
        {
            "property_record": ("address", "number_of_bedrooms", "monthly_rent", "furnished"),
            "lease": ("start_date", "end_date", "deposit"),
            "repair": ("description",),
        },
        {"repair": ("reported", "assigned", "fixed")},
    ),
    "volunteers": Wanted(
        "Our food bank needs a rota. Coordinators set up shifts. A shift takes place at a site on a certain day, starts and "
        "ends at fixed hours, and needs a number of helpers. Volunteers sign up for shifts and can drop out again. "
        "For every volunteer we store name, mobile number, languages spoken and driving licence (yes or no).",
        ("shift", "site", "volunteer", "sign_up"),
        ("coordinator", "volunteer"),
        {
            "shift": ("day", "number_of_helpers"),
            "volunteer": ("name", "mobile_number", "languages_spoken", "driving_licence"),
        },
    ),
    "recipes": Wanted(
        "A cookbook for my family: a recipe has a title, a photo, preparation time in minutes, difficulty (easy, medium, "
        "hard), servings and instructions. Recipes are made up of ingredients, each with a name, an amount and a unit. "
        "Everybody in the family can add recipes, rate them from one to five stars and mark favourites.",
        ("recipe", "ingredient", "rating", "favourite"),
        (),
        {
            "recipe": ("title", "photo", "preparation_time", "difficulty", "servings", "instructions"),
            "ingredient": ("name", "amount", "unit"),
            "rating": ("stars",),
        },
    ),
    "workshop": Wanted(
        "Fleet maintenance: vehicles are identified by licence plate, make, model, year and mileage. Drivers report defects "
        "on their vehicle. Mechanics turn a defect into a work order with a planned date, labour hours and parts cost, start "
        "the work order and finish it. The fleet manager approves work orders that cost more than 500 euros. Total cost "
        "per vehicle and month.",
        ("vehicle", "defect", "work_order"),
        ("driver", "mechanic", "fleet_manager"),
        {
            "vehicle": ("licence_plate", "make", "model", "year", "mileage"),
            "work_order": ("planned_date", "labour_hours", "parts_cost"),
        },
        {"defect": ("reported",), "work_order": ("in_progress", "finished", "approved")},
    ),
}
