-- cmdline: a comment with package = { name = "evil" }
--[==[ and a long one ]] with brackets
]==]
package = {
    spec = "1",
    namespace = "mcpplibs",
    name = "cmdline",
    description = [[
A parser; not code: os.execute("rm -rf /") and __import__('os') .. x]],
    licenses = {"MIT", 'Apache-2.0'},
    repo = "https://git.example.com/mcpp/cmdline",
    type = "package",
    xpm = {
        linux = {
            deps = { "xim:gcc" },
            ["0.0.2"] = {
                url = { CN = "https://cn.example.com/c.tgz",
                    GLOBAL = "https://files.example.com/c.tgz" },
                sha256 = "ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb",
            },
            ["0.0.1"] = { url = "https://files.example.com/c1.tgz", sha256 = "3e23e8160039594a33894f6564e1b1348bbd7a0088d42c4acb73eeaed59c009d" };
            ["1.2"] = { url = "https://files.example.com/c2.tgz", sha256 = "3e23e8160039594a33894f6564e1b1348bbd7a0088d42c4acb73eeaed59c009d" },
            ["b10069"] = { url = "https://files.example.com/c2.tgz", sha256 = "3e23e8160039594a33894f6564e1b1348bbd7a0088d42c4acb73eeaed59c009d" },
            ["0.0.0"] = { url = "https://files.example.com/c0.tgz", sha256 = nil },
            ["latest"] = { ref = "0.0.2" },
        },
        macosx = { ref = "linux" },
        windows = {
            ["0.0.2"] = { url = "https://files.example.com/w.zip", sha256 = "2e7d2c03a9507ae265ecf5b5356885a53393a2029d241394997265a1a25aefc6" },
            ["latest"] = { ref = "0.0.2" },
        },
    },
    mcpp = {
        schema = "0.1",
        sources = {"*/src/**/*.cppm"},
        targets = { ["cmdline"] = { kind = "lib" } },
        deps = {
            ["mbedtls"] = "3.6.1", ["mcpplibs.capi.lua"] = "^0.2",
            ["compat.x"] = { version = ">=1.0, <2.0", tools = {"t"} },
            any = "*",
        },
        linux = { deps = { ["compat.openssl"] = "3.0.0" } },
    },
}
function install()
    os.execute("touch pwned")
end
