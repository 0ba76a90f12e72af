"""Rows of the arrays of a block of runs: what is kept of each entity, one number a lane.

An array of a block has shape (field, entity, lane) and the fields of its class of entities below, those that one period
hands to the next first; the rest is worked out anew in every period. Symbols in brackets are those of `MODEL.md`.
"""

from __future__ import annotations

# Markets. State: t, logs of price multiples, price multiples, t/month, shares.
INVENTORY, LOG_PRICE, AVERAGE, ANCHOR, CONTRACT, EXPECTED, THREAT, HABIT = range(8)
MARKET_STATE = 8
INBOUND, ARRIVED = 8, 9  # t
SEVERITY = 10  # share of supply at risk
PRICE, TRANSACTED, CALM = 11, 12, 13  # P, B, N
ALARMED = 14  # first lane only: whether threat is in the price of some lane; if not, N is B and `CALM` is not set
UNIT_COST = 15  # of local production, a sum over makers
CLAIM_FIRST, CLAIM_LOCAL, CLAIM_EXPORT = 16, 17, 18  # t/month
FILL_FIRST, FILL_LOCAL, FILL_EXPORT = 19, 20, 21
RELEASED, INTAKE, DUMPED = 22, 23, 24  # t a period; intake: taken in by local makers and users
STRAINED = 25  # first lane only: whether claims of some lane were cut the period before
CLAIM_FIRM, FILL_FIRM = 26, 27  # of first claims those from abroad, t/month; set where there are firm purchases
MARKET_FIELDS = 28

# Markets of one product at a time.
SOURCE, LANDED = 0, 1  # sums over the sources of a market
SUM_FIELDS = 2

# Processes.
UTILISATION = 0
PROCESS_STATE = 1
WANTED = 1  # t/month
PROCESS_FIELDS = 2

# Inputs of processes.
INTENSITY = 0  # theta
INPUT_STATE = 1
SAVED = 1  # t since the start, by thrift
HELD_UP = 2  # t of activity since the start that did not run for want of it
INPUT_FIELDS = 3

# Routes.
ORDER = 0  # t/month
ROUTE_STATE = 1
FIRM = 1  # t/month of what it claims, served with the first class
ROUTE_FIELDS = 2

# Uses.
SUBSTITUTED = 0  # s, of uses that lead
RESTOCK = 1  # t/month that cohorts order in the next period to fill their stocks again
USE_STATE = 2
DESIRED = 2  # t/month
DESTROYED, RATIONED = 3, 4  # t since the start
MISSING = 5  # t a period
DEPLETED = 6  # first lane only: whether some cohort's stock was not full in some lane
REPLACED = 7  # t since the start: given up for something else, less what is taken over from other uses
OWN = 8  # t/month before substitution, of uses with a substitute
BOUND = 9  # share of its users bound to free material; of uses that a rule may bind
SHORT, KEPT = 10, 11  # what price leaves of demand at once, and substitution of it, of uses that lead
USE_FIELDS = 12

# Cohorts of buyers.
FULLNESS = 0  # z
COHORT_STATE = COHORT_FIELDS = 1

# Sectors of regions.
USED, IDLE = 0, 1  # t a period: used, and missing
SECTOR_FIELDS = 2

# Restrictions.
RENT = 0  # licence rent, USD/kg
RESTRICTION_STATE = 1
ACTIVE, LEVEL, FRESH, ALARM = 1, 2, 3, 4
STRUCK = 5  # first lane only: whether in force in some lane the period before
RENT_DUE = 6  # rent of the period, USD/kg
RENT_PAID, SENDER_LOSS = 7, 8  # thousand USD since the start
LEAK = 9  # share of orders that evades it
UNTIL = 10  # period in which the last candidate that came ends, of restrictions that react
RESTRICTION_FIELDS = 11

# Restricted routes.
QUEUE, LICENSED_BEFORE = 0, 1  # t; licensed share of the period before, where some applications are filed early
CROSSING_STATE = 2
WITHHELD, LICENSED, APPROVAL, THROUGHPUT, EXTRA_DUTY, LEAKAGE, ROUTE_RENT = range(2, 9)
LEGAL, FREE = 9, 10  # t/month
LEVY = 11  # duty on imports beyond the ordinary one, over the price at the origin
GUARD = 12  # 1 where duties that answer prices are laid in this period, else 0
COUNTED = 13  # largest share of the period in which one of the restrictions so far is in force
CLAIMED = 14  # t/month: legal and free
CROSSING_FIELDS = 15

# Restricted processes.
CAPACITY_FACTOR, ACTIVITY_QUOTA, COST_FACTOR = 0, 1, 2
LEAD_FACTOR, YIELD_FACTOR = 3, 4  # times of building and ramp, first yield, over what they are without a ban
PLANT_FIELDS = 5

# Capacity of processes; one row that changes nothing where no capacity answers and no project is followed.
EXPANSION = 0  # X, multiple of the capacity on trend that makes output
ADDED = 1  # t/month, by projects
MARGIN, SPREAD = 2, 3  # mu, v
PERMITS, FOUNDATIONS, STRUCTURES, EQUIPMENT, STARTING, RUNNING_IN = range(4, 10)  # stages, shares of capacity on trend
RUN_IN = 10  # x
UNDER_WAY = 11  # sum of the stages
CAPACITY_STATE = 12
ORDERED, LOST = 12, 13  # shares of capacity on trend, in a step
LEAD, FIRST_YIELD = 14, 15
CAPACITY_FIELDS = 16

# Skilled people of a stage in a region.
FREE_PEOPLE = 0
SKILL_STATE = 1
PEOPLE_NEEDED, SERVED = 1, 2
SKILL_FIELDS = 3

# Projects.
CLOCK, STARTED = 0, 1  # periods
PROJECT_STATE = 2
ADVANCE = 2  # periods of its clock in a step, were there people enough
PROJECT_FIELDS = 3

# Stockpiles.
STOCK = 0  # t
STOCK_TAGGED = 1  # t of it; 0 where origins are not followed
LACKED = 2  # t that served claims lacked in the period before
COMING, COMING_TAGGED = 3, 4  # t on its way from stockpiles of its pool
RESERVE_STATE = 5
BUYING = 5  # t/month
BOUGHT, RELIEVED, COVERED, SOLD, LOST_STOCK = range(6, 11)  # t a period
LENT, CAME = 11, 12  # t a period, to and from its pool
PAID, RECEIVED = 13, 14  # thousand USD a period
RELIEF, RELIEF_TAGGED = 15, 16  # t a period on its way through the market, straight to those served
RELEASABLE = 17  # t a period that may still be released
OFFERED, ASKED = 18, 19  # t a period that it could give its pool, or would have from it
RESERVE_FIELDS = 20
RESERVE_FLOWS = BOUGHT, RECEIVED + 1
"""Fields that are recorded as sums over a month, after `STOCK` at its end."""
RESERVE_RECORD = 10
"""Fields recorded of a stockpile."""

# Markets where origins are followed.
TAGGED = 0  # t of the inventory
ORIGIN_STATE = 1
RESERVED = 1  # first lane only: whether some lane has bound users; the next two are set only then
CLAIM_BOUND = 2  # t a period that bound users would get
ALLOWED = 3  # phi
GIVEN = 4  # t a period that bound users get; 0 where nobody is bound
LEFT = 5  # sigma
ORIGIN_FIELDS = 6

# Single rows.
COST, REVENUE, CHOKE, TARGET, LACKING, TOTAL, DONE, EXCESS, FILLED, DILUTED, WATCHED = range(11)
CALLED = 11
WHOLE = 12  # 1 in all lanes, always
LOG_MARGIN = 13  # log of revenue over full cost
BEYOND = 14  # what a use gets beyond its need, t a period; below 0 where it gets less
SCRATCH_FIELDS = 15
