"""Shapes of the accounts' REST interface; no logic."""

from typing import Any

from rest_framework import serializers

from apps.accounts.models import User


class LoginSerializer(serializers.Serializer[Any]):
    """Username and password."""

    username = serializers.CharField(max_length=150, write_only=True)
    password = serializers.CharField(
        max_length=1024,
        write_only=True,
        trim_whitespace=False,
        style={"input_type": "password"},
    )


class RefreshSerializer(serializers.Serializer[Any]):
    """A refresh token."""

    refresh = serializers.CharField(max_length=4096, write_only=True)


class TokenPairSerializer(serializers.Serializer[Any]):
    """An access token and the refresh token that gets the next one."""

    access = serializers.CharField(read_only=True)
    refresh = serializers.CharField(read_only=True)


class SessionTokenSerializer(serializers.Serializer[Any]):
    """A short-lived access token for a page; ``expires_in`` in seconds."""

    access = serializers.CharField(read_only=True)
    expires_in = serializers.IntegerField(read_only=True)


class PersonSerializer(serializers.ModelSerializer[User]):
    """A user as others see them."""

    name = serializers.CharField(source="display_name", read_only=True)

    class Meta:
        model = User
        fields = ["id", "username", "name"]
        read_only_fields = fields


class GroupSerializer(serializers.Serializer[Any]):
    """A group to share a document with; ``members`` is the number of its active users."""

    name = serializers.CharField(read_only=True)
    members = serializers.IntegerField(read_only=True)


class WorkspaceAbilitiesSerializer(serializers.Serializer[Any]):
    """The abilities of a user outside any document."""

    create_documents = serializers.BooleanField(read_only=True)


class MeSerializer(PersonSerializer):
    """The user's own account."""

    abilities = WorkspaceAbilitiesSerializer(read_only=True)

    class Meta(PersonSerializer.Meta):
        fields = ["id", "username", "name", "email", "is_staff", "abilities"]
        read_only_fields = fields


class NameSearchSerializer(serializers.Serializer[Any]):
    """The query of a search for users or groups."""

    search = serializers.CharField(required=False, default="", allow_blank=True, max_length=100)


class AuthorSerializer(serializers.Serializer[Any]):
    """An author; ``id`` as in ``users/me/``."""

    id = serializers.IntegerField()
    username = serializers.CharField(allow_null=True)
