namespace DeployHub.Integration.Examples;

/// <summary>Takes the commands out of what people read.</summary>
internal static class Markdown
{
    /// <summary>The block of shell commands that has a line beginning so.</summary>
    public static string Block(string file, string line) => File.ReadAllText(file).Split("```")
        .Single(block => block.StartsWith("sh\n", StringComparison.Ordinal) && block.Split('\n').Any(x => x.StartsWith(line, StringComparison.Ordinal)))["sh\n".Length..];

    /// <summary>The commands of the one script in a pipeline's file: what is indented below <c>run: |</c> or <c>script:</c>.</summary>
    public static string Script(string file)
    {
        var lines = File.ReadAllLines(file);
        var key = Array.FindIndex(lines, line => line.Trim() is "run: |" or "script:");
        var depth = lines[key].Length - lines[key].TrimStart().Length;
        var commands = lines.Skip(key + 1).TakeWhile(line => line.Length - line.TrimStart().Length > depth).Select(line => line.Trim());
        return string.Join('\n', commands.Select(line => line.StartsWith("- ", StringComparison.Ordinal) ? line[2..] : line));
    }
}
