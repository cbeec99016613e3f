using DeployHub.Servers;

namespace DeployHub.Demo;

/// <summary>What comes to rest only after the answer said that all is done.</summary>
internal static class Settled
{
    /// <summary>What was seen last: the expected, or what stood there instead when the time was up.</summary>
    public static async Task<string> At(string expected, Func<Task<string>> read)
    {
        var seen = "";
        try
        {
            await Eventually.Equal(expected, async () => seen = await read());
        }
        catch (TimeoutException)
        {
            // What was seen last is the answer.
        }

        return seen;
    }
}
