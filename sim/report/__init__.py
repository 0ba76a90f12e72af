"""A page of findings made from results: one file that needs no other and no network."""

from sim.report.page import check_page, html, write

__all__ = ["check_page", "html", "write"]
