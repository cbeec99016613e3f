namespace DeployHub.Chaos;

/// <summary>Progress goes to stderr, the table to stdout.</summary>
internal static class Screen
{
    public static void Progress(string line) => Console.Error.WriteLine($"  {DateTime.Now:HH:mm:ss} {line}");
}
