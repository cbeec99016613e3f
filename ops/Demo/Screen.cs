using System.Diagnostics;
using System.Globalization;
using Spectre.Console;

namespace DeployHub.Demo;

/// <summary>What the demo says: one line for each thing that happens, so that a pipe or a log shows the same as a terminal.</summary>
internal sealed class Screen
{
    private const int LogWidth = 200;
    private readonly IAnsiConsole _console;
    private long _actBegan = Stopwatch.GetTimestamp();
    private int _acts;

    public Screen()
    {
        var plain = Console.IsOutputRedirected;
        _console = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Ansi = plain ? AnsiSupport.No : AnsiSupport.Detect,
            ColorSystem = plain ? ColorSystemSupport.NoColors : ColorSystemSupport.Detect,
            Interactive = InteractionSupport.No,
        });
        if (plain)
        {
            // No terminal, no width to keep to: lines must not be broken for one that is not there.
            _console.Profile.Width = LogWidth;
        }
    }

    public void Title(string text) => Line($"[bold]{Markup.Escape(text)}[/]");

    public void Fact(string name, string text) => Line($"  [grey]{name,-10}[/] {Markup.Escape(text)}");

    public void Note(string text) => Line($"  [yellow]{Markup.Escape(text)}[/]");

    /// <summary>Begins an act; the clock of its lines begins with it.</summary>
    public void Act(string text)
    {
        _actBegan = Stopwatch.GetTimestamp();
        Line("");
        Line($"[bold]{++_acts}. {Markup.Escape(text)}[/]");
    }

    /// <summary>One change, with the seconds since the act began.</summary>
    public void Progress(string who, string status, string? phase)
    {
        var seconds = Stopwatch.GetElapsedTime(_actBegan).TotalSeconds;
        var word = phase is null ? status : $"{status}, {phase}";
        Line(string.Create(CultureInfo.InvariantCulture, $"  [grey]{seconds,5:0.0} s[/]  {Markup.Escape(who),-12} [{Colour(status)}]{word}[/]"));
    }

    public void Proven(string text) => Line($"  [green]Proven:[/] {Markup.Escape(text)}");

    public void NotProven(string text) => Line($"  [red]Not true:[/] {Markup.Escape(text)}");

    public void Error(string text) => Line($"[red]{Markup.Escape(text)}[/]");

    public void Line(string markup) => _console.MarkupLine(markup);

    /// <summary>Whether a table of many columns fits without breaking words.</summary>
    public bool IsWide => _console.Profile.Width >= 150;

    public void Show(Table table) => _console.Write(table);

    public static string Colour(string status) => status switch
    {
        "success" or "completed" or "ok" or "written" => "green",
        "failed" or "rollback_failed" or "partially_rolled_back" or "partial" or "restore_failed" => "red",
        "rolled_back" or "rolling_back" or "restored" => "yellow",
        _ => "default",
    };
}
