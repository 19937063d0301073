"""Names and telephone numbers as they are shown where nobody has to use them. Pure.

The habits of the field (domain facts 4.7): 138****1234, 张*, 李*明.
"""

HIDDEN = "*"
ENDS = 4


def masked_name(name: str | None) -> str | None:
    """The first character, and of three or more the last one too."""
    if name is None:
        return None
    last = name[-1] if len(name) > 2 else ""
    return name[:1] + HIDDEN * max(1, len(name) - 1 - len(last)) + last


def masked_phone(phone: str | None) -> str | None:
    """The first three and the last four digits of a mobile number; fewer of a shorter one."""
    if phone is None:
        return None
    digits = [place for place, sign in enumerate(phone) if sign.isdigit()]
    last = max(0, min(ENDS, len(digits) // 2 - 1))
    first = max(0, min(3, len(digits) - last - ENDS))
    hidden = set(digits[first : len(digits) - last])
    return "".join(HIDDEN if place in hidden else sign for place, sign in enumerate(phone))
