"""Which registry a package comes from, and what it is told of who asks."""

from __future__ import annotations


class Registries:
    scopes: dict[str, str]

    @property
    def default_url(self) -> str:
        raise NotImplementedError

    def url_for(self, name: str) -> str:
        raise NotImplementedError

    def origin_for(self, name: str) -> str:
        raise NotImplementedError

    def url_of_origin(self, origin: str) -> str:
        raise NotImplementedError

    def authorization_for(self, url: str) -> str:
        raise NotImplementedError
