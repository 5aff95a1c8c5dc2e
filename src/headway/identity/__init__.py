"""Who calls: accounts, their passwords, tokens and keys. Nothing here knows how it was asked."""
