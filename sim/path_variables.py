"""Variables of `/reference`: the path without shocks."""

from __future__ import annotations

from sim.variables import ELEMENT, MONTH, ORIGIN, PRODUCT, REGION, ROUTE, SECTOR, USE, Variable

REFERENCE = (
    Variable("need", (MONTH, PRODUCT, REGION), "t", "Intake that the service path needs: makers and sectors."),
    Variable("production", (MONTH, PRODUCT, REGION), "t", "Made by processes on the path without shocks."),
    Variable(
        "from_scrap", (PRODUCT, REGION), "1", "Share of what a region makes of a product that is made of scrap only."
    ),
    Variable("spare", (PRODUCT, REGION), "1", "Capacity left over, of what is made: spare capacity over production."),
    Variable(
        "ends_in",
        (PRODUCT, REGION, SECTOR),
        "1",
        "Share of a region's intake of a product that ends up in a sector of the same region; the rest is exported or "
        "disposed of. Reference flows.",
    ),
    Variable(
        "touched",
        (ORIGIN, PRODUCT, REGION),
        "1",
        "Share of what comes to a market that was made in the region of origin at any stage, or of material of it.",
    ),
    Variable("use_need", (MONTH, USE), "t", "Service demand of a use: a product, a sector and a region."),
    Variable("route_flow", (MONTH, ROUTE), "t", "Shipments of a route on the path without shocks."),
    Variable("transit", (ROUTE,), "month", "Months from shipment to arrival."),
    Variable("unit_price", (PRODUCT,), "USD/kg", "Reference price."),
    Variable("contained", (PRODUCT, ELEMENT), "1", "Contained oxide of an element over a product's own tonnes."),
    Variable("output_value", (SECTOR,), "USD/kg", "Output of a sector for a kilogram of what it uses."),
    Variable("value_added", (SECTOR,), "USD/kg", "Value added of a sector for a kilogram of what it uses."),
)
"""The path without shocks, that questions about dependence, requirements and exposure are asked of."""

NAMES = (
    Variable("stage_of", (PRODUCT,), "", "Stage that makes the product.", "str"),
    Variable("sector_class", (SECTOR,), "", "Class of the sector: defence, essential or other.", "str"),
    Variable("use_product", (USE,), "", "Product of the use.", "str"),
    Variable("use_sector", (USE,), "", "Sector of the use.", "str"),
    Variable("use_region", (USE,), "", "Region of the use.", "str"),
    Variable("route_product", (ROUTE,), "", "Product of the route.", "str"),
    Variable("route_origin", (ROUTE,), "", "Region a route leaves.", "str"),
    Variable("route_destination", (ROUTE,), "", "Region a route enters.", "str"),
)
"""Text of `/reference`."""
