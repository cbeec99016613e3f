using System.Buffers.Binary;
using System.Text.RegularExpressions;

namespace DeployHub.Api.Http;

/// <summary>The id that a request is quoted by: the caller's own when it is sane, else a new one that sorts by time.</summary>
internal static partial class RequestIds
{
    private const string Header = "X-Request-Id";
    private const string Crockford = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
    private const int Digits = 26;
    private const uint BitsOfDigit = 31;

    public static string RequestId(this HttpContext http) => http.TraceIdentifier;

    /// <summary>Settles the id of the request and puts it on the answer.</summary>
    public static void Settle(HttpContext http)
    {
        var given = http.Request.Headers[Header];
        http.TraceIdentifier = given is [{ } own] && Sane().IsMatch(own) ? own : New();
        Stamp(http);
    }

    /// <summary>Puts the id on the answer, again where the answer was begun anew.</summary>
    public static void Stamp(HttpContext http) => http.Response.Headers[Header] = http.TraceIdentifier;

    /// <summary>As a ULID: 128 bits, the time first, in Crockford's base 32.</summary>
    public static string New()
    {
        var bits = BinaryPrimitives.ReadUInt128BigEndian(Guid.CreateVersion7().ToByteArray(bigEndian: true));
        return "req_" + string.Create(Digits, bits, (text, rest) =>
        {
            for (var i = text.Length - 1; i >= 0; i--)
            {
                text[i] = Crockford[(int)(uint)(rest & BitsOfDigit)];
                rest >>= 5;
            }
        });
    }

    [GeneratedRegex(@"^[A-Za-z0-9._-]{1,64}\z")]
    private static partial Regex Sane();
}
