"""The words the reader knows: closed classes, verbs with their kind, and nouns that never name a record. Tables only."""

from dataclasses import dataclass
from enum import StrEnum

DETERMINERS = frozenset("a an the this that these those each every all any some no another such same both either neither".split())
POSSESSIVES = frozenset("my your his her its our their whose own".split())
QUANTITIES = frozenset("many several multiple various different numerous more few most certain lots".split())
NUMBERS = frozenset("zero one two three four five six seven eight nine ten twelve twenty once twice".split())
MODALS = frozenset("can could may might must should shall will would cannot needs".split())
BE = frozenset("am is are was were be been being get gets got".split())
HAVE = frozenset("has have had having".split())
PRONOUNS = frozenset("i we you he she it they them us him me everyone everybody anyone someone nobody each_other people_who".split())
PREPOSITIONS = frozenset(
    """of in on at by for with from to into onto about under over per via through between during after before until till within
    without using
    against as like than based along among towards toward upon across including include except regarding concerning plus"""
    .split()
)  # fmt: skip
CONJUNCTIONS = frozenset("and or but nor & then so".split())
RELATIVES = frozenset("who which where when while whenever if because once whereby".split())
ADVERBS = frozenset(
    """not only also just then already always never still now online offline automatically directly easily quickly simply
    together later again too back well very mainly usually typically otherwise instead even here there
    ahead away out off down optionally etc e.g i.e daily weekly monthly yearly once twice
    respectively securely manually successfully""".split()
)
ADJECTIVES = frozenset(
    """new old existing simple small large big basic full complete modern good different available own personal medical financial
    monthly weekly daily yearly annual quarterly real-time realtime online web-based website-based public private current previous next
    upcoming past active inactive open overdue late early free paid unpaid optional mandatory required unique main other respective
    local national international digital easy easy-to-use user-friendly responsive secure detailed specific relevant related
    corresponding individual internal external regular special possible pending overall sole first last own matching
    concise maintainable preferred clinical clean professional whole entire custom to-do full-stack self-hosted multi-user
    long short valid invalid non-profit busy friendly minimal lightweight comprehensive""".split()
)


class VerbKind(StrEnum):
    """What a verb says about its object."""

    has = "has"  # the object is a part of the subject
    create = "create"  # the subject brings the object into being
    manage = "manage"  # the subject does everything with the object
    read = "read"
    update = "update"
    delete = "delete"
    keep = "keep"  # the app remembers the object
    associate = "associate"  # the act itself is kept: book → booking
    transition = "transition"  # the object changes its state
    relate = "relate"  # the subject refers to the object
    report = "report"  # a figure or summary is shown
    permit = "permit"  # the object may do what follows: allow users to …
    build = "build"  # the app is announced: create a web app …
    other = "other"


@dataclass(frozen=True)
class Association:
    """A verb whose act is a record: its noun, first state, label of that state, and whether it takes a span of time."""

    noun: str
    state: str
    timed: bool = False
    owner_fields: tuple[str, ...] = ()


ASSOCIATIONS: dict[str, Association] = {
    "book": Association("booking", "booked", timed=True),
    "reserve": Association("reservation", "reserved", timed=True),
    "rent": Association("rental", "rented", timed=True),
    "lease": Association("lease", "leased", timed=True),
    "hire": Association("booking", "booked", timed=True),
    "borrow": Association("loan", "borrowed", timed=True),
    "lend": Association("loan", "borrowed", timed=True),
    "loan": Association("loan", "borrowed", timed=True),
    "register": Association("registration", "registered"),
    "apply": Association("application", "applied"),
    "enroll": Association("enrollment", "enrolled"),
    "enrol": Association("enrolment", "enrolled"),
    "join": Association("membership", "joined"),
    "sign up": Association("sign-up", "signed_up"),
    "vote": Association("vote", ""),
    "cast": Association("vote", ""),
    "purchase": Association("purchase", "ordered"),
    "buy": Association("purchase", "ordered"),
    "order": Association("order", "ordered"),
    "subscribe": Association("subscription", "subscribed"),
    "rate": Association("rating", ""),
    "comment": Association("comment", ""),
    "reply": Association("reply", ""),
    "respond": Association("response", ""),
    "donate": Association("donation", ""),
    "bid": Association("bid", ""),
    "answer": Association("answer", ""),
    "nominate": Association("nomination", "nominated"),
    "adopt": Association("adoption", "requested"),
    "volunteer": Association("sign-up", "signed_up"),
    "inquire": Association("inquiry", "open"),
    "complain": Association("complaint", "open"),
    "visit": Association("visit", ""),
    "attend": Association("attendance", ""),
    "rsvp": Association("RSVP", ""),
}
"""Abbott's rule that verbs hide records, as a table: a parser does not find these, forty words do (builders §6.2)."""


@dataclass(frozen=True)
class Step:
    """A verb that moves a record on: the state it leads to, and how far along the record's life that is (0 is new)."""

    state: str
    rank: int
    final: bool = False
    refusal: bool = False


STEPS: dict[str, Step] = {
    "draft": Step("draft", 0),
    "submit": Step("submitted", 1),
    "request": Step("requested", 1),
    "open": Step("open", 1),
    "report": Step("reported", 1),
    "place": Step("placed", 1),
    "hand in": Step("handed_in", 1),
    "assign": Step("assigned", 2),
    "take over": Step("taken_over", 2),
    "triage": Step("triaged", 2),
    "acknowledge": Step("acknowledged", 2),
    "review": Step("reviewed", 3),
    "check": Step("checked", 3),
    "verify": Step("verified", 3),
    "inspect": Step("inspected", 3),
    "approve": Step("approved", 4),
    "authorise": Step("authorised", 4),
    "authorize": Step("authorized", 4),
    "accept": Step("accepted", 4),
    "confirm": Step("confirmed", 4),
    "shortlist": Step("shortlisted", 3),
    "reject": Step("rejected", 4, final=True, refusal=True),
    "decline": Step("declined", 4, final=True, refusal=True),
    "deny": Step("denied", 4, final=True, refusal=True),
    "refuse": Step("refused", 4, final=True, refusal=True),
    "turn down": Step("turned_down", 4, final=True, refusal=True),
    "call off": Step("called_off", 9, final=True, refusal=True),
    "drop out": Step("withdrawn", 9, final=True, refusal=True),
    "cancel": Step("cancelled", 9, final=True, refusal=True),
    "withdraw": Step("withdrawn", 9, final=True, refusal=True),
    "sign": Step("signed", 5),
    "issue": Step("issued", 5),
    "send": Step("sent", 5),
    "publish": Step("published", 5),
    "schedule": Step("scheduled", 5),
    "pay": Step("paid", 6),
    "reimburse": Step("reimbursed", 7, final=True),
    "start": Step("in_progress", 6),
    "begin": Step("in_progress", 6),
    "check in": Step("checked_in", 6),
    "check out": Step("checked_out", 8, final=True),
    "pack": Step("packed", 6),
    "prepare": Step("prepared", 6),
    "ship": Step("shipped", 7),
    "dispatch": Step("dispatched", 7),
    "deliver": Step("delivered", 8, final=True),
    "pick up": Step("picked_up", 7),
    "receive": Step("received", 8, final=True),
    "return": Step("returned", 8, final=True),
    "resolve": Step("resolved", 7),
    "fix": Step("fixed", 7),
    "complete": Step("completed", 8, final=True),
    "finish": Step("finished", 8, final=True),
    "fulfil": Step("fulfilled", 8, final=True),
    "fulfill": Step("fulfilled", 8, final=True),
    "close": Step("closed", 8, final=True),
    "settle": Step("settled", 8, final=True),
    "refund": Step("refunded", 9, final=True, refusal=True),
    "grade": Step("graded", 7, final=True),
    "archive": Step("archived", 9, final=True),
    "suspend": Step("suspended", 7),
    "freeze": Step("frozen", 7),
    "pause": Step("paused", 7),
    "activate": Step("active", 5),
    "reopen": Step("open", 9),
    "escalate": Step("escalated", 3),
    "invite": Step("invited", 1),
    "propose": Step("proposed", 1),
    "uphold": Step("upheld", 4),
    "nominate": Step("nominated", 1),
    "allocate": Step("allocated", 2),
    "validate": Step("validated", 3),
    "forward": Step("forwarded", 3),
    "sign off": Step("signed_off", 4),
    "endorse": Step("endorsed", 4),
    "grant": Step("granted", 4),
    "dismiss": Step("dismissed", 4, final=True, refusal=True),
    "send back": Step("sent_back", 4, final=True, refusal=True),
    "revoke": Step("revoked", 9, final=True, refusal=True),
    "handle": Step("handled", 6),
    "process": Step("processed", 6),
    "serve": Step("served", 7),
    "hand out": Step("handed_out", 6),
    "hand over": Step("handed_over", 7),
    "give out": Step("handed_out", 6),
    "take back": Step("returned", 8, final=True),
    "bring back": Step("returned", 8, final=True),
    "give back": Step("returned", 8, final=True),
    "send out": Step("sent", 5),
    "block": Step("blocked", 7),
    "hide": Step("hidden", 9),
    "seat": Step("seated", 6),
    "admit": Step("admitted", 4),
    "discharge": Step("discharged", 8, final=True),
    "finalise": Step("finalised", 7),
    "finalize": Step("finalized", 7),
    "implement": Step("implemented", 8, final=True),
    "terminate": Step("terminated", 9, final=True),
    "retire": Step("retired", 9, final=True),
}
"""Verbs of workflows. The rank orders states nobody ordered: submitted before approved before paid before delivered."""

_KINDS: dict[VerbKind, str] = {
    VerbKind.has: "have contain include consist comprise hold carry feature own",
    VerbKind.create: """create add submit register post send enter insert upload file write make schedule raise report propose
        announce publish share input set organise organize host plan launch define propose propose list advertise generate
        issue compose import place set_up carry_out conduct fill_in fill_out write_up send_in put_in raise""",
    VerbKind.manage: "manage maintain administer handle administrate oversee moderate curate crud control supervise",
    VerbKind.read: """view see browse search read find list look query filter check review monitor display show sort retrieve access
        look_up export print explore compare download inspect discover follow""",
    VerbKind.update: "update edit change modify correct adjust rename reschedule extend renew mark amend revise complete",
    VerbKind.delete: "delete remove",
    VerbKind.keep: """store record keep track log save capture note document collect organise organize count measure weigh hold
    register remember
        catalogue catalog note_down""",
    VerbKind.relate: "belong choose select pick assign link connect identify specify contain relate reference attach associate refer match",
    VerbKind.report: "calculate compute summarise summarize total sum chart plot rank visualise visualize analyse analyze",
    VerbKind.permit: "allow let enable permit want need require help ask wish like able expect invite would_like",
    VerbKind.build: "build develop implement design create write make need want code program produce construct",
    VerbKind.other: """use work do go come take give get put know learn contact send receive notify remind alert email call sign log
        login logout store convert sort move redirect provide support offer serve deliver ensure run operate start
        fill click press open close teach treat cook eat drink drive sell charge bill invoice repair clean feed walk train
        cover exceed overlap expire end last happen occur become remain exist concern name describe decide determine
        appear depend say tell meet leave arrive return transfer upload play earn score win enter lose tag label attend
        categorize categorise group split divide sync integrate implement distribute allocate prescribe diagnose admit discharge
        weigh water plant harvest breed grade mentor supply stock restock replenish lodge lend deposit consume
        evaluate assess interview recruit dispense invoice archive
        communicate exchange translate scan print perform conduct undergo participate compete
        owe tick regard relate consist distribute bring lay post_process expire tell own sell teach tick_off spend raise
        refer belong mention award graduate certify calibrate inspect help advise
        hand turn drop perform rehearse produce brew bake ship load unload harvest sow plough milk feed vaccinate treat
        examine prescribe""",
}

VERBS: dict[str, frozenset[VerbKind]] = {}
for _kind, _words in _KINDS.items():
    for _word in _words.split():
        VERBS[_word.replace("_", " ")] = VERBS.get(_word.replace("_", " "), frozenset()) | {_kind}
for _word in ASSOCIATIONS:
    VERBS[_word] = VERBS.get(_word, frozenset()) | {VerbKind.associate}
for _word in STEPS:
    VERBS[_word] = VERBS.get(_word, frozenset()) | {VerbKind.transition}

PARTICLES = {
    ("sign", "up"),
    ("set", "up"),
    ("carry", "out"),
    ("fill", "in"),
    ("fill", "out"),
    ("write", "up"),
    ("make", "up"),
    ("take", "over"),
    ("hand", "in"),
    ("turn", "down"),
    ("call", "off"),
    ("drop", "out"),
    ("check", "in"),
    ("check", "out"),
    ("pick", "up"),
    ("look", "up"),
    ("log", "in"),
    ("log", "out"),
    ("sign", "in"),
    ("sign", "off"),
    ("send", "back"),
    ("send", "out"),
    ("send", "in"),
    ("hand", "out"),
    ("hand", "over"),
    ("give", "out"),
    ("give", "back"),
    ("take", "back"),
    ("take", "out"),
    ("bring", "back"),
    ("tick", "off"),
    ("put", "in"),
    ("hand", "back"),
    ("note", "down"),
}
"""Verbs of two words that mean something else than the first alone."""

IRREGULAR_VERBS = {
    "kept": "keep", "bought": "buy", "paid": "pay", "sent": "send", "lent": "lend", "made": "make", "held": "hold", "written": "write",
    "wrote": "write", "seen": "see", "saw": "see", "taken": "take", "took": "take", "given": "give", "gave": "give", "chosen": "choose",
    "chose": "choose", "built": "build", "found": "find", "sold": "sell", "borne": "bear", "withdrawn": "withdraw", "done": "do",
    "begun": "begin", "began": "begin", "left": "leave", "met": "meet", "read": "read", "put": "put", "set": "set", "cast": "cast",
    "cancelled": "cancel", "canceled": "cancel", "labelled": "label", "enrolled": "enroll", "submitted": "submit", "planned": "plan",
    "tagged": "tag", "logged": "log", "shipped": "ship", "dying": "die", "lying": "lie", "begin": "begin", "taught": "teach",
    "cancelling": "cancel", "canceling": "cancel", "enrolling": "enroll", "labelling": "label", "bid": "bid", "shown": "show",
    "known": "know", "eaten": "eat", "driven": "drive", "fed": "feed", "ran": "run", "won": "win",
    "upheld": "uphold", "frozen": "freeze", "froze": "freeze", "lost": "lose", "fulfilled": "fulfil",
}  # fmt: skip

ROLE_NOUNS = frozenset(
    """user customer client member employee staff manager administrator admin supervisor agent clerk teacher student pupil parent
    doctor nurse patient receptionist librarian reader borrower visitor guest tenant landlord owner seller buyer vendor supplier
    driver rider passenger technician engineer mechanic operator worker volunteer donor organizer organiser coordinator attendee
    participant instructor trainer coach tutor lecturer professor author editor reviewer moderator approver accountant cashier
    chef cook waiter host detective officer lawyer solicitor applicant candidate recruiter employer company barber stylist
    voter resident citizen player contestant judge jury referee leader developer tester consultant contractor dispatcher courier
    storekeeper secretary assistant director headteacher principal dentist veterinarian vet therapist physician pharmacist caretaker
    janitor housekeeper curator photographer journalist subscriber follower learner mentor mentee investigator analyst auditor
    adopter keeper gardener farmer contributor viewer requester requestor boss colleague department person team storeman personnel
    leader planner shopper renter lender creator poster blogger sponsor hr organisation organization lodger carer baker barista
    groomer florist plumber electrician surveyor
    athlete swimmer runner cyclist rower freelancer paralegal partner treasurer committee chairman chairwoman chairperson chair trustee
    president steward usher scout ranger warden guard bouncer porter concierge butler valet maid cleaner bartender sommelier brewer butcher
    beekeeper shepherd fisherman vintner forester logger miner builder carpenter joiner mason bricklayer roofer painter decorator welder
    tailor seamstress shoemaker potter weaver jeweller watchmaker locksmith optician midwife paramedic radiographer physiotherapist
    psychologist psychiatrist counsellor counselor surgeon anaesthetist hygienist orthodontist dietitian nutritionist pathologist chemist
    biologist physicist scientist researcher fellow postdoc undergraduate graduate alumnus alumna trainee apprentice intern
    interpreter translator reviser proofreader copywriter columnist correspondent reporter presenter broadcaster producer filmmaker
    cameraman actor actress dancer singer musician composer conductor drummer guitarist dj promoter booker roadie stagehand impresario
    artist sculptor illustrator designer architect draughtsman planner programmer webmaster sysop educator
    headmaster headmistress head dean provost registrar bursar invigilator examiner marker proctor pastor priest vicar rector deacon
    verger sexton minister rabbi imam chorister organist parishioner congregant worshipper believer councillor councilor mayor alderman
    clerk notary barrister attorney prosecutor bailiff juror plaintiff defendant witness policeman policewoman constable sergeant
    firefighter soldier sailor pilot steward stewardess captain mate deckhand skipper navigator shipper consignee carrier haulier trucker
    forwarder broker trader dealer merchant retailer wholesaler grocer shopkeeper shopper bookseller auctioneer bidder agronomist
    underwriter actuary adjuster banker teller investor shareholder founder co-founder entrepreneur executive ceo cfo cto coo
    salesperson salesman saleswoman rep representative merchandiser requisitioner storeperson picker
    packer loader foreman forewoman lead superior subordinate teammate coworker co-worker crew
    householder homeowner leaseholder subtenant occupant neighbour neighbor villager inhabitant commuter traveller traveler tourist
    backpacker camper hiker climber skier golfer goalkeeper striker umpire scorer marshal timekeeper spectator fan supporter
    attendant couple beneficiary claimant pensioner retiree caregiver carer guardian godparent grandparent mum dad mother father
    sibling child
    babysitter nanny au-pair childminder dogwalker walker handler breeder rider jockey zookeeper aquarist falconer
    benefactor patron philanthropist fundraiser canvasser campaigner activist facilitator host
    inspector controller verifier assessor evaluator appraiser valuer estimator scheduler quizmaster
    maintainer approver franchisee licensee lessee lessor renter hirer invitee delegate nominee appointee signatory
    hacker maker crafter knitter hobbyist collector enthusiast gamer streamer influencer vlogger podcaster listener viewer
    technologist phlebotomist microbiologist botanist zoologist geologist archaeologist historian archivist conservator registrar
    caseworker fieldworker workman handyman serviceman tradesman tradesperson contractor
    desk frontdesk""".split()
) - frozenset({"child", "desk", "lead", "fan", "head", "mate", "chair", "partner", "graduate", "mother", "father"})
"""People who may act in an app. A role is somebody who does something; a noun here that only has things done to it is a record."""

ADMINISTRATORS = frozenset({"administrator", "admin", "superuser", "sysadmin"})
PUBLIC_ROLES = frozenset(
    """user customer client member student pupil parent patient visitor guest tenant reader borrower buyer rider passenger volunteer
    donor attendee participant applicant candidate voter resident citizen player contestant subscriber learner adopter shopper
    renter author seller viewer contributor company employer follower athlete freelancer parishioner bidder backer listener
    claimant householder homeowner villager traveller traveler tourist hirer delegate""".split()
)
"""Roles that come from outside: they see what is theirs and what is offered to them, and may register themselves."""

GENERIC_NOUNS = frozenset(
    """behalf yes no calendar timetable ability access adding administration agency analysis analytics angular anything api app
    application area authentication
    availability back backend backup basis browser business button center centre chance chart cloud code collection
    color colour create creation crud css csv dashboard data database delete deletion design desktop detail device
    django docker domain editing end entity entry environment everything example excel experience export fastapi feature
    filter flask form framework front frontend function functionalities functionality goal graph graphql handling
    history home html import industry information insight interface internet it javascript json kind language layout
    life list local logging login lot management memory mobile module mongodb monitoring mysql need network node nosql
    nothing number object one operation overview page panel part password pdf permission planning platform portal
    possibility postgres postgresql process program purpose python query range rank ranking react reason record removal
    requirement rest result right role scheduling screen search section sector self server set sign-in signin site
    software solution someone something sort spreadsheet sql sqlite statistic statistics storage stuff summary system
    theme themselves thing total tracker tracking type ui update updating use user-interface user_center ux variety
    view vue way web website workflow world xml""".split()
)
"""Words about software itself, or too general to keep."""

EVENT_NOUNS = frozenset(
    "job delivery pickup appointment meeting visit consultation viewing reservation booking rental slot interview inspection".split()
)
"""Nouns that are the act itself: "book an appointment" keeps an appointment, "book a car" keeps a booking."""

CONTENT_NOUNS = frozenset(
    """post reply comment review article event recipe listing internship job vacancy ad advertisement poll question topic
    thread photo story news announcement course product project tip rating opening position offer petition idea""".split()
)
"""What people publish for others to read."""
