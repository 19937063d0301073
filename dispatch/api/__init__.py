"""The HTTP interface (design §5). Intake and feed are `async`; nothing else here is."""
