"""One reduced chain in several tools, side by side: `README.md` gives its equations."""
