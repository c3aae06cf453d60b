"""What the service knows: titles, people, assets, annotations, accounts and viewers."""
