"""All words that Kontant shows to people: English templates, gettext catalogues, and the formats of each country."""
