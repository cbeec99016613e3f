using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;

namespace DeployHub.Intake.Tokens;

/// <summary>The text of a bearer token. Only its hash is kept.</summary>
public static class TokenText
{
    private const string Prefix = "dhub_";
    private const int RandomBytes = 32;

    public static string New() => Prefix + Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(RandomBytes));

    /// <summary>Lower-case hex of the SHA-256: the text is random, so that neither salt nor stretching would add anything.</summary>
    public static string Hash(string token) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(token)));
}
