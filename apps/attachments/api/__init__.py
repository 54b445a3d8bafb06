"""REST interface of the app: views, serializers, paths."""
