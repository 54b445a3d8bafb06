"""REST views of tokens and people; each makes one domain call."""

from dataclasses import asdict
from typing import Any

from django.contrib.auth.models import Group
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.authentication import SessionAuthentication
from rest_framework.generics import GenericAPIView, ListAPIView, RetrieveAPIView
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from apps.accounts import selectors, tokens
from apps.accounts.api import serializers
from apps.accounts.identity import caller
from apps.accounts.models import User
from apps.accounts.throttling import GroupSearchThrottle, UserSearchThrottle
from apps.core.api.input import StrictCursorPagination, validated
from apps.core.api.responses import ERROR


class _TokenView(GenericAPIView[Any]):
    """A view that needs no identity, for it is where one gets it."""

    authentication_classes = []
    permission_classes = [AllowAny]


class TokenObtainView(_TokenView):
    """Exchange username and password for an access and a refresh token."""

    serializer_class = serializers.LoginSerializer

    @extend_schema(
        tags=["auth"], responses={200: serializers.TokenPairSerializer, 401: ERROR, 429: ERROR}
    )
    def post(self, request: Request) -> Response:
        """Log in. Wrong: 401. Too often wrong: 429 with Retry-After."""
        values = validated(self.serializer_class, request.data)
        pair = tokens.tokens_obtain(request=request._request, **values)  # noqa: SLF001 - DRF's name
        return Response(asdict(pair))


class TokenRefreshView(_TokenView):
    """Exchange a refresh token for a new pair; the old one is used up."""

    serializer_class = serializers.RefreshSerializer

    @extend_schema(tags=["auth"], responses={200: serializers.TokenPairSerializer, 401: ERROR})
    def post(self, request: Request) -> Response:
        """Get a new pair. A refresh token that was used, revoked or is over: 401.

        A used one ends its whole sign-in: one of its two users is a thief.
        """
        values = validated(self.serializer_class, request.data)
        return Response(asdict(tokens.tokens_rotate(values["refresh"])))


class TokenRevokeView(_TokenView):
    """Log out: end a refresh token, with all tokens and sockets of its sign-in."""

    serializer_class = serializers.RefreshSerializer

    @extend_schema(tags=["auth"], responses={204: None, 401: ERROR})
    def post(self, request: Request) -> Response:
        """Revoke. The access tokens of this sign-in end too, and its sockets within a second."""
        tokens.token_revoke(validated(self.serializer_class, request.data)["refresh"])
        return Response(status=204)


class SessionTokenView(APIView):
    """Give a page of a logged-in session an access token for its socket and its calls.

    By session cookie with CSRF token only: an access token must not get the next one.
    """

    authentication_classes = [SessionAuthentication]

    def get_authenticate_header(self, request: Request) -> str:
        """Name the way to log in, so that a missing session answers 401."""
        return 'Session realm="api"'

    @extend_schema(
        tags=["auth"], request=None, responses={200: serializers.SessionTokenSerializer, 401: ERROR}
    )
    def post(self, request: Request) -> Response:
        """Get an access token; ``expires_in`` is in seconds."""
        session_key = request._request.session.session_key  # noqa: SLF001 - DRF's name
        access = tokens.access_token_for(caller(request), session_key=session_key)
        return Response({"access": access, "expires_in": tokens.access_token_lifetime_s()})


class MeView(RetrieveAPIView[User]):
    """The calling user, with their abilities outside any document."""

    serializer_class = serializers.MeSerializer

    @extend_schema(tags=["users"])
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Return the account of the caller."""
        return super().get(request, *args, **kwargs)

    def get_object(self) -> Any:
        """Return the caller with the abilities outside documents."""
        return selectors.me_get(user=caller(self.request))


class UserPagination(StrictCursorPagination):
    """Pages of people by username, which is unique."""

    page_size = 20
    ordering = "username"


class UserSearchView(ListAPIView[User]):
    """People to share a document with. Search by at least two characters of a name."""

    serializer_class = serializers.PersonSerializer
    pagination_class = UserPagination
    throttle_classes = [UserSearchThrottle]
    queryset = User.objects.none()

    @extend_schema(
        tags=["users"],
        parameters=[OpenApiParameter("search", str, description="Part of a username or name.")],
    )
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Return active users whose username or name has the text, by username."""
        return super().get(request, *args, **kwargs)

    def get_queryset(self) -> Any:
        """Return who is found."""
        query = validated(serializers.NameSearchSerializer, self.request.query_params)
        return selectors.user_search(query["search"])


class GroupPagination(StrictCursorPagination):
    """Pages of groups by name, which is unique."""

    page_size = 20
    ordering = "name"


class GroupSearchView(ListAPIView[Group]):
    """Groups to share a document with. Search by at least two characters of a name."""

    serializer_class = serializers.GroupSerializer
    pagination_class = GroupPagination
    throttle_classes = [GroupSearchThrottle]
    queryset = Group.objects.none()

    @extend_schema(
        tags=["users"],
        parameters=[OpenApiParameter("search", str, description="Part of a group's name.")],
    )
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Return the groups whose name has the text, by name."""
        return super().get(request, *args, **kwargs)

    def get_queryset(self) -> Any:
        """Return which are found."""
        query = validated(serializers.NameSearchSerializer, self.request.query_params)
        return selectors.group_search(query["search"])
