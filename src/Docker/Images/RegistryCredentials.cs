using System.Text;
using System.Text.Json.Nodes;

namespace DeployHub.Docker;

/// <summary>What a registry asks for.</summary>
/// <param name="Username">The user's name.</param>
/// <param name="Password">The password or token. Never shown.</param>
/// <param name="ServerAddress">The registry's host, as in <c>registry.example.com:5000</c>.</param>
public sealed record RegistryCredentials(string Username, string Password, string ServerAddress)
{
    /// <summary>Who and where, without the password.</summary>
    public override string ToString() => $"{Username} at {ServerAddress}";

    /// <summary>The value of <c>X-Registry-Auth</c>: base64url <b>with</b> padding (Engine API, Authentication); an engine takes any other form for no credentials at all.</summary>
    internal string ToHeader()
    {
        var json = new JsonObject { ["username"] = Username, ["password"] = Password, ["serveraddress"] = ServerAddress }.ToJsonString();
        return Convert.ToBase64String(Encoding.UTF8.GetBytes(json)).Replace('+', '-').Replace('/', '_');
    }
}
