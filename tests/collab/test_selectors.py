"""The admission of a socket: as the functions of REST decide, by one query of each store."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.sessions.models import Session
from django.test import Client
from rest_framework_simplejwt.settings import api_settings
from rest_framework_simplejwt.tokens import AccessToken

from apps.accounts import tokens
from apps.accounts.models import PersonUsage, User
from apps.accounts.roles import DOCUMENT_ROLES, Role
from apps.accounts.sign_ins import SessionInvalidError, session_digest
from apps.accounts.tokens import TokenInvalidError
from apps.accounts.usage import users_over_quota
from apps.collab.presence_state import Identity
from apps.collab.selectors import Admission, session_admission_get, token_admission_get
from apps.core import clock
from apps.core.errors import AppError
from apps.documents import services
from apps.documents.models import Document
from apps.documents.selectors import DocumentNotFoundError, document_get
from tests.accounts.factories import grant, make_group, make_user, new_document_id
from tests.documents.factories import make_document
from tests.support.commands import asked

pytestmark = pytest.mark.django_db

#: What a person did or has, before a token of that person opens a socket.
Deed = Callable[[User, Document], object]


def in_general(*, raw: str, document_id: str) -> Admission:
    """Return the admission by the functions that REST uses, each with queries of its own."""
    caller = tokens.user_from_access_token(raw)
    document, abilities = document_get(user=caller.user, document_id=document_id)
    user = User.objects.get(pk=caller.user.pk)
    return Admission(
        Identity(user_id=str(user.pk), username=user.username, name=user.display_name),
        abilities,
        document.lineage,
        caller.sign_in,
        caller.expires_at,
        bool(users_over_quota([str(user.pk)])),
    )


def outcome(admit: Callable[..., Admission], **call: str) -> Any:
    """Return an admission, or what its error says."""
    try:
        return admit(**call)
    except AppError as err:
        return type(err), err.code, err.message


def same(raw: str, document_id: str) -> Any:
    """Return the outcome, which both ways must have."""
    found = outcome(token_admission_get, raw=raw, document_id=document_id)
    assert found == outcome(in_general, raw=raw, document_id=document_id)
    return found


def _groups(user: User, document: Document) -> None:
    """Give a user three roles, two of them by groups."""
    grant(user, Role.VIEWER, document.id)
    grant(make_group(user), Role.EDITOR, document.id)
    grant(make_group(user), Role.COMMENTER, document.id)


def _hidden_history(user: User, document: Document) -> None:
    grant(user, Role.VIEWER, document.id)
    Document.objects(id=document.id).update(viewers_may_look=False)


def _entity_of_an_early_release(user: User, document: Document) -> None:
    grant(user, Role.VIEWER, document.id)
    Document.objects(id=document.id).update(unset__viewers_may_look=True, unset__trashed=True)


def _trashed(user: User, document: Document) -> None:
    grant(user, Role.OWNER, document.id)
    services.document_trash(user=user, document_id=document.id)


def _deleted(user: User, document: Document) -> None:
    grant(user, Role.OWNER, document.id)
    Document.objects(id=document.id).delete()


def _over_quota(user: User, document: Document) -> None:
    grant(user, Role.EDITOR, document.id)
    PersonUsage.objects.create(user=user, stored_bytes=11, stored_bytes_max=10)


def _below_the_own_share(user: User, document: Document) -> None:
    grant(user, Role.EDITOR, document.id)
    PersonUsage.objects.create(user=user, stored_bytes=10, stored_bytes_max=10)


def _superuser(user: User, document: Document) -> None:
    User.objects.filter(pk=user.pk).update(is_superuser=True)


@pytest.mark.parametrize(
    ("deed", "role"),
    [
        (_groups, Role.EDITOR),
        (_hidden_history, Role.VIEWER),
        (_entity_of_an_early_release, Role.VIEWER),
        (_over_quota, Role.EDITOR),
        (_below_the_own_share, Role.EDITOR),
        (_superuser, Role.OWNER),
        *(
            (lambda user, document, role=role: grant(user, role, document.id), role)
            for role in DOCUMENT_ROLES
        ),
    ],
)
def test_admission_is_that_of_rest(deed: Deed, role: Role) -> None:
    """Every role, of the user or of a group; the settings of the document; the share."""
    user, document = make_user(first_name="Ada", last_name="L."), make_document()
    deed(user, document)
    found = same(tokens.access_token_for(user), document.id)
    assert (found.abilities.role, found.lineage) == (role, document.lineage)
    assert found.is_over_quota is (deed is _over_quota)
    assert found.identity.name == "Ada L."


@pytest.mark.parametrize(
    "deed",
    [
        lambda user, document: None,
        lambda user, document: grant(user, Role.OWNER, new_document_id()),
        lambda user, document: grant(user, Role.CREATOR),
        lambda user, document: grant(make_group(), Role.OWNER, document.id),
        _trashed,
        _deleted,
    ],
)
def test_invisible_unknown_and_trashed_documents_have_one_error(deed: Deed) -> None:
    """As in REST."""
    user, document = make_user(), make_document()
    deed(user, document)
    assert same(tokens.access_token_for(user), document.id)[0] is DocumentNotFoundError


@pytest.mark.parametrize("document_id", ["", "x", "a\x00", "../..", "{'$ne': 1}", "é" * 40])
def test_malformed_document_is_not_found_and_not_looked_up(document_id: str) -> None:
    """Also for a superuser, and for somebody who may create documents."""
    for user in (make_user(may_create=True), make_user(is_superuser=True)):
        raw = tokens.access_token_for(user)
        assert same(raw, document_id)[0] is DocumentNotFoundError
        with asked() as calls:
            outcome(token_admission_get, raw=raw, document_id=document_id)
        assert calls.commands == []


def _inactive(user: User) -> None:
    User.objects.filter(pk=user.pk).update(is_active=False)


def _changed_password(user: User) -> None:
    user.set_password("another long sentence")
    user.save()


def _signed_out(user: User) -> None:
    user.token_families.all().delete()
    Session.objects.all().delete()


def _expired_session(user: User) -> None:
    user.token_families.all().delete()
    Session.objects.update(expire_date=clock.now() - timedelta(seconds=1))


@pytest.mark.parametrize(
    ("deed", "refused"),
    [
        (lambda user: None, 0),
        (_inactive, 3),
        (_changed_password, 3),
        (lambda user: user.delete(), 3),
        (_signed_out, 2),
        (_expired_session, 2),
    ],
)
def test_token_of_a_sign_in_that_ended_is_refused(
    deed: Callable[[User], object], refused: int
) -> None:
    """A token by itself, one of a session, and one of a family of tokens."""
    user, document = make_user(), make_document()
    grant(user, Role.OWNER, document.id)
    browser = Client()
    browser.force_login(user)
    raws = [
        tokens.access_token_for(user),
        tokens.access_token_for(user, session_key=browser.session.session_key),
        tokens.tokens_issue(user).access,
    ]
    deed(user)
    outcomes = [same(raw, document.id) for raw in raws]
    errors = [found for found in outcomes if not isinstance(found, Admission)]
    assert len(errors) == refused
    assert {error[0] for error in errors} <= {tokens.TokenInvalidError}


@pytest.mark.parametrize("raw", ["", "a.b.c", "\x00", "\ud800", "é" * 5000])
def test_forged_token_has_the_same_error(raw: str) -> None:
    """Before anything is looked up."""
    assert same(raw, new_document_id())[0] is tokens.TokenInvalidError


def test_session_cookie_is_admitted_like_a_token() -> None:
    """Until its session ends."""
    user, document = make_user(), make_document()
    grant(user, Role.COMMENTER, document.id)
    browser = Client()
    browser.force_login(user)
    key = str(browser.session.session_key)
    found = session_admission_get(session_key=key, document_id=document.id)
    by_token = token_admission_get(
        raw=tokens.access_token_for(user, session_key=key), document_id=document.id
    )
    assert found.sign_in == by_token.sign_in
    assert found.sign_in.session == session_digest(key)
    assert (found.identity, found.abilities) == (by_token.identity, by_token.abilities)
    with pytest.raises(DocumentNotFoundError):
        session_admission_get(session_key=key, document_id=new_document_id())
    Session.objects.all().delete()
    with pytest.raises(SessionInvalidError):
        session_admission_get(session_key=key, document_id=document.id)


def test_admission_is_one_query_of_each_store() -> None:
    """With a family of tokens, as every sign-in by REST has it."""
    user, document = make_user(), make_document()
    grant(user, Role.EDITOR, document.id)
    raw = tokens.tokens_issue(user).access

    with asked() as calls:
        token_admission_get(raw=raw, document_id=document.id)
    assert calls.counts == (1, 1), calls


@pytest.mark.parametrize("claim", [None, "ada"])
def test_token_that_names_no_account_is_refused(claim: str | None) -> None:
    """It has the right signature: a program of the operator made it."""
    token = AccessToken.for_user(make_user())
    if claim is None:
        del token.payload[api_settings.USER_ID_CLAIM]
    else:
        token[api_settings.USER_ID_CLAIM] = claim
    with pytest.raises(TokenInvalidError):
        token_admission_get(raw=str(token), document_id=new_document_id())
