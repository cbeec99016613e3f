using System.Security.Cryptography;

namespace DeployHub.Domain.ConfigFiles;

/// <summary>How contents are compared and told of.</summary>
public static class ContentHash
{
    /// <summary><c>sha256:</c> and 64 hex digits.</summary>
    public static string Of(ReadOnlySpan<byte> bytes) => "sha256:" + Convert.ToHexStringLower(SHA256.HashData(bytes));
}
