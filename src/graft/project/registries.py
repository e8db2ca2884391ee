"""Which registry a package comes from, and what that registry is told of who asks."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from graft.base.diagnostics import GraftError
from graft.base.http import ClientCertificate, redact
from graft.model.names import split_name
from graft.project.credentials import Credentials, is_registry_key, parse_address
from graft.project.npmrc import Npmrc


class Registries:
    """URLs end in a slash and hold no credentials.

    ``find_default`` is asked, once and at the earliest need, when no setting names the default
    registry. Where these say nothing, those ``behind`` them hold.
    """

    def __init__(
        self,
        *,
        default: str = "",
        scopes: Mapping[str, str] | None = None,
        credentials: Credentials | None = None,
        find_default: Callable[[], str] | None = None,
        behind: Registries | None = None,
    ) -> None:
        self.scopes: Mapping[str, str] = {
            **(behind.scopes if behind else {}),
            **{scope.removeprefix("@"): normal_url(url) for scope, url in (scopes or {}).items()},
        }
        self._default = normal_url(default) if default else ""
        self._credentials = credentials or Credentials({})
        self._find_default = find_default
        self._behind = behind

    @property
    def default_url(self) -> str:
        """Raises ``registry-unknown`` where nothing names one."""
        if not self._default:
            if self._behind is not None:
                return self._behind.default_url
            if self._find_default is None:
                raise GraftError(
                    "registry-unknown",
                    "no registry is configured",
                    where="~/.npmrc",
                    fix="add this line to ~/.npmrc: registry=https://registry.example.com/",
                )
            self._default = normal_url(self._find_default())
        return self._default

    def url_for(self, name: str) -> str:
        """The registry of the package ``name``: its scope's, else the default one. Raises
        ``registry-unknown`` where JSR's is needed and nothing names it."""
        if name.startswith("@jsr/") and "jsr" not in self.scopes:
            raise GraftError(
                "registry-unknown",
                f"no registry is configured for JSR, which {name} is from",
                where="~/.npmrc",
                fix="add the line @jsr:registry=<URL of JSR's registry for npm> to ~/.npmrc",
            )
        return self.scopes.get(split_name(name)[0]) or self.default_url

    def origin_for(self, name: str) -> str:
        """What a lock says of it: empty for the default registry, else the registry's URL."""
        url = self.scopes.get(split_name(name)[0], "")
        return "" if not url or url == self.default_url else url

    def url_of_origin(self, origin: str) -> str:
        return normal_url(origin, where="the lockfile") if origin else self.default_url

    def authorization_for(self, url: str) -> str:
        """The value of the Authorization header for ``url``; empty if there is none for it."""
        own = self._credentials.header_for(url)
        return own or (self._behind.authorization_for(url) if self._behind else "")

    def asker_for(self, url: str) -> str:
        """Who asks, as far as the server of ``url`` is told: what it answers to one may be for
        nobody else. As secret as a token."""
        own = self.certificate_for(url)
        authorization = self.authorization_for(url)
        return f"{authorization}\0{own.certificate}" if own else authorization

    def certificate_for(self, url: str) -> ClientCertificate | None:
        """The client certificate that the server of ``url`` is shown, if there is one for it."""
        own = self._credentials.certificate_for(url)
        return own or (self._behind.certificate_for(url) if self._behind else None)


def read_registries(
    npmrc: Npmrc, credentials: Credentials, find_default: Callable[[], str]
) -> Registries:
    """Raises ``settings-unreadable`` for a registry that is no URL."""
    named = {key: setting for key, setting in npmrc.settings.items() if is_registry_key(key)}
    urls = {key: normal_url(said.value, where=said.where) for key, said in named.items()}
    default = urls.pop("registry", "")
    return Registries(
        default=default,
        scopes={key.removesuffix(":registry"): url for key, url in urls.items()},
        credentials=credentials,
        find_default=find_default,
    )


def normal_url(url: str, *, where: str = "") -> str:
    """One spelling for each registry: host in lower case, a slash at the end, no user."""
    address = parse_address(url)
    if address is None:
        raise GraftError(
            "settings-unreadable",
            f"'{redact(url)}' is not the URL of a registry",
            where=where,
            fix="write it as https://registry.example.com/",
        )
    return address.url.rstrip("/") + "/"
