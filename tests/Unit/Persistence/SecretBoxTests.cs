using System.Security.Cryptography;
using DeployHub.Persistence.Secrets;

namespace DeployHub.Unit.Persistence;

public sealed class SecretBoxTests
{
    private readonly SecretBox _box = new(RandomNumberGenerator.GetBytes(SecretBox.KeyBytes));

    [Fact]
    public void A_former_key_still_opens_and_what_is_sealed_anew_needs_only_the_present_one()
    {
        var (former, present) = (RandomNumberGenerator.GetBytes(SecretBox.KeyBytes), RandomNumberGenerator.GetBytes(SecretBox.KeyBytes));
        var old = new SecretBox(former).Seal("password");
        var box = new SecretBox(present, RandomNumberGenerator.GetBytes(SecretBox.KeyBytes), former);

        Assert.Equal("password", box.Open(old));
        var anew = box.Reseal(old)!;
        Assert.Equal("password", new SecretBox(present).Open(anew));
        Assert.Null(box.Reseal(anew));
        Assert.Throws<CryptographicException>(() => new SecretBox(present).Reseal(old));
    }

    [Theory]
    [InlineData("")]
    [InlineData("s3cret")]
    [InlineData("«päss» 🔑\0\n")]
    public void What_was_sealed_opens_again(string plain) => Assert.Equal(plain, _box.Open(_box.Seal(plain)));

    [Fact]
    public void A_large_value_opens_again()
    {
        var plain = new string('x', 1_000_000);
        Assert.Equal(plain, _box.Open(_box.Seal(plain)));
    }

    [Fact]
    public void The_same_text_is_never_sealed_alike_and_cannot_be_read() => Assert.All(
        Enumerable.Range(0, 100).Select(_ => _box.Seal("the same")).Chunk(2),
        pair =>
        {
            Assert.NotEqual(pair[0], pair[1]);
            Assert.Equal(-1, pair[0].AsSpan().IndexOf("same"u8));
        });

    [Fact]
    public void Any_changed_byte_is_noticed()
    {
        var whole = _box.Seal("password");
        for (var i = 0; i < whole.Length; i++)
        {
            var damaged = (byte[])whole.Clone();
            damaged[i] ^= 1;
            Assert.ThrowsAny<CryptographicException>(() => _box.Open(damaged));
        }
    }

    [Fact]
    public void A_value_that_was_cut_is_noticed()
    {
        var whole = _box.Seal("password");
        for (var length = 0; length < whole.Length; length++)
        {
            Assert.ThrowsAny<CryptographicException>(() => _box.Open(whole[..length]));
        }
    }

    [Fact]
    public void Another_key_opens_nothing() =>
        Assert.ThrowsAny<CryptographicException>(() => new SecretBox(RandomNumberGenerator.GetBytes(SecretBox.KeyBytes)).Open(_box.Seal("password")));

    [Fact]
    public void The_first_byte_tells_the_format()
    {
        var value = _box.Seal("password");
        Assert.Equal(1, value[0]);
        value[0] = 2;
        Assert.Contains("DeployHub", Assert.ThrowsAny<CryptographicException>(() => _box.Open(value)).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(16)]
    [InlineData(33)]
    public void A_key_of_another_length_is_refused(int length) => Assert.Throws<ArgumentOutOfRangeException>(() => new SecretBox(new byte[length]));
}
