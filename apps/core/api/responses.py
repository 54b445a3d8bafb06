"""The error response of the REST interface in the OpenAPI schema."""

from typing import Any

from drf_spectacular.utils import OpenApiResponse
from rest_framework import serializers


class ErrorSerializer(serializers.Serializer[Any]):
    """The one shape of every error."""

    code = serializers.CharField(read_only=True)
    detail = serializers.CharField(read_only=True)
    extra = serializers.DictField(read_only=True)


#: An error, in the one shape.
ERROR = OpenApiResponse(ErrorSerializer)
