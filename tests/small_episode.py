"""A small episode of two series, by hand."""

from __future__ import annotations

from pathlib import Path

from sim.scenario.episodes import Episode, EpisodeFile, HistoryRow, ObservationRow, SeriesRow

NOTE = {"source": "by hand", "confidence": "assumption"}


def series(name: str, **given: object) -> SeriesRow:
    values: dict[str, object] = {
        "title": name,
        "quantity": "price",
        "products": ("ore",),
        "regions": ("EU",),
        "base_from": "2010-01",
        "base_to": "2010-02",
        "role": "scored",
        "unit": "USD/kg",
        **NOTE,
    }
    return SeriesRow.model_validate({"series": name, **values, **given})


def quote(name: str, month: str, value: float, *, last: str = "", error: float = 0.1) -> ObservationRow:
    return ObservationRow(series=name, first=month, last=last or month, recorded=value, error=error, **NOTE)


def past(name: str, month: str, value: float) -> HistoryRow:
    return HistoryRow(series=name, first=month, last=month, value=value, **NOTE)


def episode() -> Episode:
    """Two scored series and one that is imposed."""
    return Episode(
        folder=Path("small"),
        about=EpisodeFile(title="small", scenario="none.toml", years=2.0, origin="2010-02", inside=("CN",)),
        series=(
            series("outside", base_value=10.0, history="ore"),
            series("inside", regions=("CN",), base_value=10.0),
            series("told", role="imposed", base_value=10.0),
        ),
        observations=(
            quote("outside", "2010-06", 20.0),
            quote("outside", "2010-10", 40.0),
            quote("outside", "2011-02", 10.0),
            quote("inside", "2010-10", 15.0),
            quote("told", "2010-04", 99.0),
        ),
        history=tuple(past("ore", f"{2004 + year}-02", 2.0**year) for year in range(7)),
        digest="0",
    )
