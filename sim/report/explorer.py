"""The page of `sim explore`: selectors and what they show, served on this machine only (needs Panel)."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable, Mapping
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import xarray as xr

from sim.errors import MissingExtra, ResultError
from sim.plotting import style
from sim.report import explored, rendering

if TYPE_CHECKING:
    from bokeh.server.server import Server

HOST = "127.0.0.1"
"""Only this machine: a result may not be for everybody, and the page asks nobody who he is."""
BREATH = 0.05
"""Seconds in which the page can say that it is busy, before pictures are drawn."""
TITLE = "Price and shortage by product, region and scenario"


def check_installed() -> None:
    """Say what to install where Panel is missing.

    Raises
    ------
    MissingExtra: It is.
    """
    if find_spec("panel") is None:
        raise MissingExtra("the page needs the package panel; install it with `pip install 'oreflow[explore]'`")


def server(results: Mapping[str, xr.DataTree], *, port: int = 0) -> Server:
    """A server of the page, which begins when its `start` is called; its `port` says where.

    Parameters
    ----------
    results: Results by name, as `sim.report.explored.named` gives them.
    port: Port; a free one by default.

    Raises
    ------
    MissingExtra: Panel is not installed.
    ResultError: The port is taken or not allowed.
    """
    check_installed()
    import panel

    # Nothing is fetched from elsewhere: scripts come with the packages and from this server.
    panel.extension(inline=False)
    try:
        known = port or _free_port()
        # Pages of other addresses that a reader has open must not talk to this one.
        return panel.io.server.get_server(
            {"/": lambda: page(results)},
            port=known,
            address=HOST,
            websocket_origin=[f"{HOST}:{known}", f"localhost:{known}"],
            title={"/": TITLE},
        )
    except OSError as error:
        raise ResultError(f"port {port} cannot be used ({error.strerror}); choose another with --port") from None


def _free_port() -> int:
    """A port that nobody uses."""
    with socket.create_server((HOST, 0)) as found:
        return int(found.getsockname()[1])


def page(results: Mapping[str, xr.DataTree]) -> Any:
    """The page for one reader: selectors that follow one another, and the view that follows them.

    Parameters
    ----------
    results: Results by name.
    """
    import panel

    # What stands behind the question mark of the address; none where nobody asked for a page.
    query = {name: values[0].decode(errors="replace") for name, values in panel.state.session_args.items() if values}
    controls = selectors(results, explored.asked(results, query))
    css = rendering.text("page.css")
    latest = [chosen(controls)]
    view = panel.pane.HTML(shown(results, latest[0]), stylesheets=[css], sizing_mode="stretch_width", margin=0)

    async def follow(*events: object) -> None:
        """Show what is chosen now, and keep it in the address."""
        choice = chosen(controls)
        if choice == latest[0]:
            return  # A product that takes another region with it calls twice.
        latest[0], view.loading = choice, True
        await asyncio.sleep(BREATH)
        view.object, view.loading = shown(results, choice), False
        if panel.state.location is not None:
            panel.state.location.update_query(**explored.address(choice))

    for control in controls.values():
        control.param.watch(follow, "value")
    made = panel.Template(rendering.filled("explorer.html.jinja", style=css, title=TITLE), location=True)
    made.add_panel("controls", panel.FlexBox(*controls.values(), sizing_mode="stretch_width", margin=(0, 0, 12, 0)))
    made.add_panel("view", view)
    return made


def selectors(results: Mapping[str, xr.DataTree], first: explored.Choice) -> dict[str, Any]:
    """Selectors of scenario, product, region and quantile.

    Parameters
    ----------
    results: Results by name.
    first: What they are set to.
    """
    from panel.widgets import MultiChoice, Select

    known, levels = explored.places(results), explored.quantiles(results)
    products = {style.named(each): each for each in known}
    shares = {f"{100.0 * level:g} %": level for level in levels}
    names, place = list(results), (6, 12, 6, 0)
    made = {
        "scenario": MultiChoice(name="Scenarios", options=names, value=list(first.scenarios), width=300, margin=place),
        "product": Select(name="Product", options=products, value=first.product, width=210, margin=place),
        "region": Select(
            name="Region", options=list(known[first.product]), value=first.region, width=210, margin=place
        ),
        "quantile": Select(name="Quantile over runs", options=shares, value=first.quantile, width=210, margin=place),
    }
    made["product"].param.watch(_regions_of(known, made["region"]), "value")
    return made


def _regions_of(known: Mapping[str, tuple[str, ...]], region: Any) -> Callable[[Any], None]:
    """What keeps the regions on offer those that use the product; the region chosen stays where it can."""

    def offer(event: Any) -> None:
        """Offer the regions of the product chosen."""
        regions = list(known[event.new])
        region.param.update(options=regions, value=region.value if region.value in regions else regions[0])

    return offer


def chosen(controls: Mapping[str, Any]) -> explored.Choice:
    """What selectors are set to.

    Parameters
    ----------
    controls: What `selectors` returned.
    """
    scenario, product, region, quantile = (
        controls[name].value for name in ("scenario", "product", "region", "quantile")
    )
    return explored.Choice(tuple(scenario), product, region, quantile)


def shown(results: Mapping[str, xr.DataTree], choice: explored.Choice) -> str:
    """What is shown of a choice, as part of a page.

    Parameters
    ----------
    results: Results by name.
    choice: What was chosen.
    """
    return rendering.filled("explore.html.jinja", **vars(explored.view(results, choice)))
