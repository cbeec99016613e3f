using System.Security.Cryptography;
using System.Text;

namespace DeployHub.Persistence.Secrets;

/// <summary>Encrypts what must not lie readable in the database: AES-256-GCM, a fresh nonce for each value.</summary>
public sealed class SecretBox
{
    /// <summary>The key's length in bytes.</summary>
    public const int KeyBytes = 32;

    private const byte Format = 1;
    private const int NonceBytes = 12;
    private const int TagBytes = 16;

    private readonly byte[] _key;
    private readonly byte[][] _formerKeys;

    /// <param name="key">32 random bytes.</param>
    /// <param name="formerKeys">Keys that values may still be encrypted with; nothing is encrypted with them any more.</param>
    public SecretBox(byte[] key, params byte[][] formerKeys)
    {
        foreach (var each in formerKeys.Append(key))
        {
            ArgumentOutOfRangeException.ThrowIfNotEqual(each.Length, KeyBytes, nameof(key));
        }

        (_key, _formerKeys) = (key, formerKeys);
    }

    /// <summary>Format byte, nonce, tag, ciphertext.</summary>
    public byte[] Seal(string plain) => SealBytes(Encoding.UTF8.GetBytes(plain));

    /// <summary>The same for bytes.</summary>
    public byte[] SealBytes(ReadOnlySpan<byte> text)
    {
        var sealedValue = new byte[1 + NonceBytes + TagBytes + text.Length];
        sealedValue[0] = Format;
        var nonce = sealedValue.AsSpan(1, NonceBytes);
        RandomNumberGenerator.Fill(nonce);
        using var aes = new AesGcm(_key, TagBytes);
        aes.Encrypt(nonce, text, sealedValue.AsSpan(1 + NonceBytes + TagBytes), sealedValue.AsSpan(1 + NonceBytes, TagBytes));
        return sealedValue;
    }

    /// <summary>Tells one secret from another without telling what it is: nobody can check a guess against it without the key.</summary>
    public string Fingerprint(string plain) => Convert.ToHexStringLower(HMACSHA256.HashData(_key, Encoding.UTF8.GetBytes(plain)));

    /// <summary>The plain text. Throws <see cref="CryptographicException"/> when the value is damaged or of another key.</summary>
    public string Open(byte[] sealedValue) => Encoding.UTF8.GetString(OpenBytes(sealedValue));

    /// <summary>The same for bytes.</summary>
    public byte[] OpenBytes(byte[] sealedValue)
    {
        if (sealedValue.Length < 1 + NonceBytes + TagBytes || sealedValue[0] != Format)
        {
            throw new CryptographicException("The stored value is not one that DeployHub encrypted.");
        }

        return _formerKeys.Prepend(_key).Select(key => TryOpen(sealedValue, key)).FirstOrDefault(text => text is not null)
            ?? throw new CryptographicException("The stored value is damaged, or of a master key that this host does not have.");
    }

    /// <summary>The value under the present key; null when it is already.</summary>
    public byte[]? Reseal(byte[] sealedValue) => TryOpen(sealedValue, _key) is null ? SealBytes(OpenBytes(sealedValue)) : null;

    private static byte[]? TryOpen(byte[] sealedValue, byte[] key)
    {
        var text = new byte[sealedValue.Length - 1 - NonceBytes - TagBytes];
        using var aes = new AesGcm(key, TagBytes);
        try
        {
            aes.Decrypt(
                sealedValue.AsSpan(1, NonceBytes), sealedValue.AsSpan(1 + NonceBytes + TagBytes), sealedValue.AsSpan(1 + NonceBytes, TagBytes), text);
            return text;
        }
        catch (AuthenticationTagMismatchException)
        {
            return null;
        }
    }
}
