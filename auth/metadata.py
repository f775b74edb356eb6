"""What clients are told about the authorization server (OpenID Connect Discovery, RFC 8414)."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from auth.assurance import ACR_OF_CUSTOMERS
from auth.authorization import ELECTRONIC_ID, PROMPTS, SCOPES
from auth.clients import GRANT_TYPES
from auth.headers import ALGORITHM
from auth.providers import ProviderKind
from domain.operators.operator import Operator


def metadata(operator: Operator, providers: Collection[ProviderKind] = ()) -> Mapping[str, Any]:
    """One operator's, where people can be sent to these providers. Each entry is held against the server by a test."""
    issuer = operator.issuer
    return {
        "issuer": issuer,
        "authorization_endpoint": f"{issuer}/oauth/authorize",
        "token_endpoint": f"{issuer}/oauth/token",
        "jwks_uri": f"{issuer}/oauth/jwks",
        "userinfo_endpoint": f"{issuer}/oauth/userinfo",
        "revocation_endpoint": f"{issuer}/oauth/revoke",
        "introspection_endpoint": f"{issuer}/oauth/introspect",
        "end_session_endpoint": f"{issuer}/oauth/logout",
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "grant_types_supported": list(GRANT_TYPES),
        "code_challenge_methods_supported": ["S256"],
        "scopes_supported": list(SCOPES),
        "prompt_values_supported": sorted(PROMPTS),
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": [ALGORITHM],
        "acr_values_supported": [
            acr for acr in ACR_OF_CUSTOMERS if acr != ELECTRONIC_ID or ProviderKind.ELECTRONIC_ID in providers
        ],
        "claims_supported": ["iss", "sub", "aud", "exp", "iat", "auth_time", "nonce", "acr", "amr", "sid"],
        "claims_parameter_supported": False,
        "request_parameter_supported": False,
        "request_uri_parameter_supported": False,
        "ui_locales_supported": list(operator.locales),
        "token_endpoint_auth_methods_supported": ["none"],
        "revocation_endpoint_auth_methods_supported": ["none"],
        "introspection_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
        "authorization_response_iss_parameter_supported": True,
    }
