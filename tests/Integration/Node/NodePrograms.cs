using DeployHub.Servers;

namespace DeployHub.Integration.Node;

/// <summary>The programs of tests/Node, which <c>ops/install node</c> brings.</summary>
internal static class NodePrograms
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(5);

    public static string Folder { get; } = Path.Combine(Repository.Root, "tests", "Node");

    /// <summary>Runs one of the packages' programs to its end.</summary>
    public static Task<Ended> Package(string name, params string[] arguments) => Run([Path.Combine("node_modules", ".bin", name), .. arguments]);

    /// <summary>Runs a script to its end.</summary>
    public static Task<Ended> Run(params string[] arguments) =>
        Directory.Exists(Path.Combine(Folder, "node_modules"))
            ? Programs.RunToEnd("node", arguments, within: Patience, folder: Folder)
            : throw new ServerFailedException("The packages of tests/Node are not installed: run ops/install.");
}
