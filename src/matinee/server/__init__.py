"""The web service: accounts, the viewers' site, the console and the JSON API."""
