using System.Reflection;
using System.Runtime.CompilerServices;
using System.Text.RegularExpressions;
using System.Xml.Linq;

namespace DeployHub.Unit.Walls;

/// <summary>Dependencies between the rooms run downward only.</summary>
public sealed partial class WallTests
{
    private static readonly Dictionary<string, string[]> Allowed = new()
    {
        ["Contracts"] = [],
        ["Docker"] = [],
        ["Domain"] = ["Contracts"],
        ["Persistence"] = ["Domain"],
        ["Intake"] = ["Persistence"],
        ["Hosting"] = ["Persistence"],
        ["Api"] = ["Intake", "Hosting"],
        ["Worker"] = ["Intake", "Hosting", "Docker"],
        ["Standalone"] = ["Api", "Worker"],
    };

    private static readonly string Root = FindRoot();

    public static TheoryData<string> Rooms => [.. Allowed.Keys];

    [Fact]
    public void Every_room_has_its_walls() =>
        Assert.Equal(Allowed.Keys.Order(), Directory.GetDirectories(Path.Combine(Root, "src")).Where(x => Directory.GetFiles(x, "*.csproj").Length > 0).Select(Path.GetFileName).Order());

    [Theory]
    [MemberData(nameof(Rooms))]
    public void A_project_refers_to_the_rooms_right_below_it_alone(string room)
    {
        var project = XDocument.Load(Path.Combine(Root, "src", room, $"DeployHub.{room}.csproj"));
        var references = project.Descendants("ProjectReference").Select(x => Room(Path.GetFileNameWithoutExtension((string)x.Attribute("Include")!)));

        Assert.Equal(Allowed[room].Order(), references.Order());
    }

    // A project sees what its references see; the compiled code shows what it uses of that.
    [Theory]
    [MemberData(nameof(Rooms))]
    public void Compiled_code_uses_nothing_but_the_rooms_below(string room)
    {
        var used = Assembly.Load($"DeployHub.{room}").GetReferencedAssemblies().Select(x => x.Name!).Where(x => x.StartsWith("DeployHub.", StringComparison.Ordinal)).Select(Room);

        Assert.Subset(Below(room), used.ToHashSet());
    }

    [Fact]
    public void The_Api_talks_to_no_engine_and_to_no_worker()
    {
        Assert.DoesNotContain("Docker", Below("Api"));
        Assert.DoesNotContain("Worker", Below("Api"));
        Assert.DoesNotContain("Api", Below("Worker"));
    }

    [Fact]
    public void The_contracts_and_the_engine_client_use_the_framework_alone()
    {
        foreach (var room in new[] { "Contracts", "Docker" })
        {
            Assert.All(Assembly.Load($"DeployHub.{room}").GetReferencedAssemblies(), x => Assert.StartsWith("System", x.Name, StringComparison.Ordinal));
        }
    }

    [Fact]
    public void A_program_is_a_few_lines_and_a_machine_reads_like_its_diagram()
    {
        Assert.All(Sources("src", "Program.cs"), file => Assert.True(File.ReadLines(file).Count() < 40, $"{file} has 40 lines or more."));
        Assert.All(Sources("src", "*StateMachine.cs"), file => Assert.True(File.ReadLines(file).Count() <= 180, $"{file} has more than 180 lines."));
    }

    [Fact]
    public void Tests_wait_for_states_and_never_sleep() =>
        Assert.All(
            // Servers wait until they answer, and a simulated engine is as slow as it is told to be.
            Sources("tests", "*.cs").Where(file => !Array.Exists(["Servers", "EngineSimulator"], room => file.StartsWith(Path.Combine(Root, "tests", room), StringComparison.Ordinal))),
            file => Assert.False(Sleeping().IsMatch(File.ReadAllText(file)), $"{file} sleeps."));

    [GeneratedRegex(@"\b(Task\.Delay|Thread\.Sleep|SpinWait)\s*\(")]
    private static partial Regex Sleeping();

    private static string Room(string project) => project["DeployHub.".Length..];

    private static HashSet<string> Below(string room) => [.. Allowed[room], .. Allowed[room].SelectMany(Below)];

    private static IEnumerable<string> Sources(string folder, string pattern) =>
        Directory.EnumerateFiles(Path.Combine(Root, folder), pattern, SearchOption.AllDirectories)
            .Where(x => !x.Contains($"{Path.DirectorySeparatorChar}obj{Path.DirectorySeparatorChar}", StringComparison.Ordinal) && !x.Contains($"{Path.DirectorySeparatorChar}bin{Path.DirectorySeparatorChar}", StringComparison.Ordinal));

    private static string FindRoot([CallerFilePath] string here = "")
    {
        // A deterministic build may map the path of the source away; the output lies under the root as well.
        for (var folder = new DirectoryInfo(File.Exists(here) ? Path.GetDirectoryName(here)! : AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "DeployHub.sln")))
            {
                return folder.FullName;
            }
        }

        throw new InvalidOperationException("The tests run outside of the repository.");
    }
}
