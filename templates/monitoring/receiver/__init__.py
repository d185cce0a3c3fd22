"""Takes what Alertmanager sends, in the place of a pager and a ticket system."""
