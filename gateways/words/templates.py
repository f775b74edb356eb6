"""The English text of everything that is told to people. `locale/*/LC_MESSAGES/kontant.po` have it in other languages.

To add a text: write it here, and give each catalogue an entry whose `msgctxt` is the key and whose `msgid` is the
English text. `tests/gateways/words/test_catalogues.py` names what is still missing.

`{name}` is replaced by the value of that name, shown as people in the country write it. After a colon stands the form:
`{phone_number:phone}`, `{seconds:wait}` ("in 5 minutes"), `{reason:name}` (the text in `NAMES` that has the key
`reason.` and the value), `{day:yMd}` (a date by a CLDR skeleton, for a language whose grammar would bend the month).
`{operator}` is always there.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from domain.notifications.messages import MessageKind


@dataclass(frozen=True, slots=True)
class Counted:
    """A text that depends on a number, which is the value named `by`."""

    one: str
    many: str
    by: str


Template = str | Counted

MESSAGES: Final[Mapping[str, Template]] = {
    # To people's phones: in English and Swedish only characters of the GSM alphabet, or a text costs twice as much.
    MessageKind.SIGN_IN_CODE: Counted(
        "Your code for {operator} is {code}. It is valid for {minutes} minute. Do not give it to anyone.",
        "Your code for {operator} is {code}. It is valid for {minutes} minutes. Do not give it to anyone.",
        by="minutes",
    ),
    MessageKind.TOP_UP_COMPLETED: (
        "{amount} has been added to {phone_number:phone}. The balance is valid until {active_until}."
    ),
    MessageKind.TOP_UP_DECLINED: (
        "{phone_number:phone} could not be topped up with {amount}. {reason:name} Nothing has been charged."
    ),
    MessageKind.TOP_UP_UNKNOWN: (
        "We are waiting for the bank to answer about {amount} for {phone_number:phone}. Please do not pay again. "
        "We will tell you as soon as we know."
    ),
    MessageKind.SUPPORT_SESSION_STARTED: (
        "Customer service at {operator} is looking at your pages to help you. In the app you see who it is and why, "
        "and can object."
    ),
    MessageKind.CASE_ANSWERED: "{operator} has answered you. You can read the answer in the app, under Questions.",
    MessageKind.CASE_ENDED: (
        "{operator} considers a matter of yours to be settled. If it is not, reply in the app within 30 days."
    ),
    MessageKind.CONTACT_POINT_CHANGED: (
        "The phone number or e-mail address by which {operator} knows you has been changed. If it was not you, "
        "take it back in the app within {hours} hours with the code {undo_code}."
    ),
    MessageKind.CONTACT_POINT_RESTORED: (
        "The change of how {operator} reaches you has been taken back, and you have been signed out on every device."
    ),
    MessageKind.PHONE_REPORTED_LOST: (
        "Your phone has been reported lost at {operator}. Nobody can sign in with it, and other devices have "
        "been signed out. If it was not you, contact customer service."
    ),
    MessageKind.CARD_REGISTERED: (
        "Your prepaid card at {operator} is registered to you and can be used. If it was not you who registered it, "
        "please contact us."
    ),
    MessageKind.BALANCE_CREDITED: ("Customer service at {operator} has added {amount} to a card of yours."),
    MessageKind.BALANCE_DEBITED: (
        "Customer service at {operator} has taken {amount} from a card of yours. Ask us if you want to know more."
    ),
    MessageKind.CARD_BLOCKED_BY_STAFF: (
        "Customer service at {operator} has blocked a card of yours. If you did not ask for this, contact us."
    ),
    MessageKind.CARD_UNBLOCKED_BY_STAFF: (
        "Customer service at {operator} has unblocked a card of yours. If you did not ask for this, contact us."
    ),
    MessageKind.BONUS_GRANTED: "You have received a bonus from {operator}. {bonus:name}: {reward}.",
}

SUBJECTS: Final[Mapping[str, Template]] = {
    # Of messages that go by e-mail too. The code is not in it: a subject shows on locked screens.
    f"subject.{MessageKind.SIGN_IN_CODE}": "Your code for {operator}",
}

ERRORS: Final[Mapping[str, Template]] = {
    "AMOUNT_NOT_OFFERED": (
        "This amount is not on offer. Choose one of the amounts on offer, between {minimum} and {maximum}."
    ),
    "CURRENCY_NOT_OFFERED": "You cannot pay in this currency here.",
    "CARD_NOT_FOUND": "We cannot find this prepaid card.",
    "CARD_CLOSED": "This prepaid card is closed.",
    "CARD_BLOCKED": "This prepaid card is blocked.",
    "CARD_CONVERTED": "This prepaid card has been replaced by a subscription.",
    "CARD_AWAITING_REGISTRATION": "This prepaid card must be registered before it can be topped up.",
    "CARD_ALREADY_REGISTERED": "This prepaid card is registered already and can be used.",
    "REGISTRATION_NOT_REQUIRED": "Prepaid cards need no registration here.",
    "IDENTIFICATION_MISSING": "Sign in with your electronic ID first.",
    "HOLDER_TOO_YOUNG": "You must be at least {from_age} years old. Ask a guardian to hold the prepaid card for you.",
    "ADDRESS_INCOMPLETE": "Give your whole address: street, postal code and town.",
    "PAYMENT_METHOD_NOT_FOUND": "We cannot find this payment method.",
    "PAYMENT_METHOD_EXPIRED": "This payment method has expired. Choose another one or add a new one.",
    "PAYMENT_DECLINED": "{reason:name} Nothing has been charged. You can try another payment method.",
    "IDEMPOTENCY_KEY_REUSED": (
        "The same request has been made before with other details. Nothing was done this time. Please start again."
    ),
    "STEP_UP_REQUIRED": "For your safety, please sign in again before you do this.",
    "APPROVAL_NOT_FOUND": "We cannot find this approval.",
    "APPROVAL_SETTLED": "This has been decided already, or it is too late.",
    "APPROVAL_IS_ONES_OWN": "You have asked for this yourself. Somebody else has to decide.",
    "REQUESTER_MAY_NOT": "Who asked for this may not do it any more.",
    "CARD_NOT_BLOCKED": "This prepaid card is not blocked.",
    "INSUFFICIENT_BALANCE": "There is not enough balance left for this.",
    "CUSTOMER_NOT_FOUND": "We cannot find this customer. Look for them first.",
    "REASON_MISSING": "Say why, in a sentence.",
    "SUPPORT_SESSION_NOT_FOUND": "We cannot find this support session.",
    "SUPPORT_ACCESS_DISPUTED": "You have told us about this already. We are looking into it.",
    "INVALID_PHONE_NUMBER": "The phone number is not correct. Check it and try again.",
    "INVALID_EMAIL_ADDRESS": "The e-mail address is not correct. Check it and try again.",
    "TOO_MANY_SIGN_IN_CODES": "You have asked for too many codes. Try again {retry_after_seconds:wait}.",
    "SIGN_IN_CODES_PAUSED": "We cannot send codes at the moment. Try again {retry_after_seconds:wait}.",
    "TEXT_MESSAGES_PAUSED": (
        "We cannot send codes by text message at the moment. Use your e-mail address, or try again "
        "{retry_after_seconds:wait}."
    ),
    "PHONE_NUMBER_NOT_SERVED": (
        "We do not send codes to phone numbers of this country or kind. Use another number or your e-mail address."
    ),
    "SIGN_IN_REFUSED": "The code is wrong or no longer valid. Check it, or ask for a new one.",
    "IDENTITY_NOT_LINKABLE": (
        "You cannot sign in to this customer with this electronic identity. Contact customer service."
    ),
    "SESSION_NOT_FOUND": "We cannot find this device.",
    "DEPENDANT_NOT_FOUND": "We cannot find this child.",
    "GUARDIAN_NEEDED": "A parent or guardian has to do this for you.",
    "INVALID_NAME": "A name cannot be written like this. Check it and try again.",
    "INVALID_BIRTH_DATE": "The birth date is not correct. Check it and try again.",
    "BIRTH_DATE_FIXED": "We already know a birth date. If it is wrong, contact customer service.",
    "LOCALE_NOT_OFFERED": "We do not speak this language. Choose another one.",
    "CONSENT_PURPOSE_NOT_FOUND": "We do not ask about this any more.",
    "CONSENT_TEXT_CHANGED": "The text has changed. Please read it again first.",
    "CONSENT_IS_THEIR_OWN": "Your child is old enough to decide this.",
    "CASE_NOT_FOUND": "We cannot find this matter.",
    "CASE_RESOLVED": "This matter is settled. If something is still wrong, ask a new question.",
    "CASE_OF_SOMEBODY_ELSE": "A colleague sees to this case.",
    "CASE_RESERVED": "This case cannot be given to this person. Choose a lead whom it is not about.",
    "TOO_MANY_CASES": "You have {most} open questions already. Wait for an answer, or close one of them.",
    "TEXT_MISSING": "Write something first.",
    "STAFF_MEMBER_NOT_FOUND": "We cannot find this colleague among those who work on cases.",
    "CONTACT_POINT_UNCHANGED": "This is already yours.",
    "CONTACT_POINT_TAKEN": "This belongs to somebody else's account. Contact customer service if it is yours.",
    "CONTACT_POINT_CODE_REFUSED": "The code is wrong or no longer valid. Check it, or ask for a new one.",
    "CONTACT_POINT_NOT_FOUND": "We cannot find this number or address among yours.",
    "LAST_CONTACT_POINT": "You would have no way left to sign in. Add another phone number or e-mail address first.",
    "SIGNED_IN_BY_PHONE": (
        "Sign in with your e-mail address or electronic identity first. Whoever has your phone can read its codes."
    ),
    "UNDO_REFUSED": "The code is wrong or no longer valid. Contact customer service if you did not make the change.",
}

PAGES: Final[Mapping[str, Template]] = {
    # The sign-in page in a browser.
    "page.title": "Sign in",
    "page.error": "Error",
    "page.sign_in_to": "Sign in to {client}",
    "page.contact": "Phone number or e-mail address",
    "page.contact_hint": "A phone number begins with its country code. We will send you a code.",
    "page.send_code": "Send me a code",
    "page.enter_code": "Enter your code",
    "page.code": "Six-digit code",
    "page.code_hint": "If we know {contact}, a code is on its way to it.",
    "page.sign_in": "Sign in to the app",
    "page.send_again": "Send a new code",
    "page.cancel": "Cancel",
    "page.expired": "The page was open for too long. Please start again.",
    "page.bad_request": "This link is not right. Go back to the app and try again.",
    "page.unavailable": "We cannot answer at the moment. Wait a little and try again.",
    "page.phone": "Phone number",
    "page.sign_in_by": "Sign in with {provider}",
    "page.link_identity": "We know who you are, but not yet which customer. Show us with your phone number, once.",
    "page.came_back_wrong": "The sign-in began elsewhere, or too long ago. Go back to the app and start again.",
    "page.signed_out": "You are signed out.",
}

NAMES: Final[Mapping[str, Template]] = {
    # Why a payment was declined (`DeclineReason`): a whole sentence each.
    "reason.INSUFFICIENT_FUNDS": "There is not enough money in the bank account.",
    "reason.CARD_EXPIRED": "The payment card has expired.",
    "reason.NOT_AUTHENTICATED": "The payment was not confirmed with the bank.",
    "reason.REFUSED": "The bank refused the payment.",
    # Bonuses by code. OTHER is for codes that have no name here.
    "bonus.WELCOME": "Welcome bonus",
    "bonus.FIRST_TOP_UP": "First top-up",
    "bonus.RECURRING_TOP_UP": "Automatic top-up",
    "bonus.BIRTHDAY": "Birthday gift",
    "bonus.INVITED_FRIEND": "Invited friend",
    "bonus.OTHER": "Bonus",
    # What is counted one by one (`Unit`); data, time and money are written as the country writes them.
    "unit.PIECE": Counted("{count} text message", "{count} text messages", by="count"),
    "unit.POINT": Counted("{count} point", "{count} points", by="count"),
}

# What an unknown name is called, where operators can make up new ones.
FALLBACKS: Final[Mapping[str, str]] = {"bonus": "bonus.OTHER", "reason": "reason.REFUSED"}

TEMPLATES: Final[Mapping[str, Template]] = {**MESSAGES, **SUBJECTS, **ERRORS, **PAGES, **NAMES}
