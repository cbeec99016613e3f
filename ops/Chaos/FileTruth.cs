using System.Security.Cryptography;

namespace DeployHub.Chaos;

/// <summary>Compares the files on the hosts with what the batches' statuses say, all batches of a path taken in the order in which they began.</summary>
internal sealed class FileTruth(Stack stack, Town town, Traffic traffic)
{
    private const string Absent = "absent";

    /// <summary>What is not as the API says it is.</summary>
    public List<string> Findings()
    {
        var expected = town.Files.ToDictionary(x => x.Path, _ => new HashSet<string> { Absent });
        foreach (var batch in traffic.Batches.Where(x => x.Last?["startedAt"] is not null).OrderBy(x => (DateTime)x.Last!["startedAt"]!))
        {
            foreach (var target in batch.Last!["operations"]!.AsArray().SelectMany(x => x!["targets"]!.AsArray()))
            {
                var (path, hash) = ((string)target!["path"]!, (string?)target["toHash"] ?? Absent);
                switch ((string)target["status"]!)
                {
                    case "written" or "unchanged":
                        expected[path] = [hash];
                        break;
                    case "restore_failed":
                        expected[path].Add(hash);
                        break;
                }
            }
        }

        return
        [
            .. expected.Select(x => (x.Key, Should: x.Value, Is: Hash(x.Key))).Where(x => !x.Should.Contains(x.Is))
                .Select(x => $"{x.Key} is {x.Is}, not {string.Join(" or ", x.Should)}"),
            .. stack.Folders.SelectMany(Directory.EnumerateFileSystemEntries).Where(x => !expected.ContainsKey(x)).Select(x => $"{x} was left over"),
        ];
    }

    private static string Hash(string path) => File.Exists(path) ? "sha256:" + Convert.ToHexStringLower(SHA256.HashData(File.ReadAllBytes(path))) : Absent;
}
