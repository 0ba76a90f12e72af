"""The compiled core: one block of runs through the periods, on plain arrays; see `MODEL.md`."""
