"""What can be done about who somebody is: signing in, authorizing an app, and the sessions that follow."""

from __future__ import annotations

from typing import Final

from domain.identity.usecases import authorizing, challenges, sessions, signing_in

USE_CASES: Final = (*challenges.USE_CASES, *signing_in.USE_CASES, *authorizing.USE_CASES, *sessions.USE_CASES)
