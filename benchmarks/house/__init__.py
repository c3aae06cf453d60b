"""The bars of the house: set-up, import, pages, the bus, the browser, the API."""
