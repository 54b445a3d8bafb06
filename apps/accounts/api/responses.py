"""What every REST call may answer, as OpenAPI is told of it."""

from drf_spectacular.utils import OpenApiResponse

from apps.accounts.api.serializers import ErrorSerializer

#: An error, in the one shape.
ERROR = OpenApiResponse(ErrorSerializer)
