using DeployHub.Domain.ConfigFiles;

namespace DeployHub.Intake.Servers;

/// <summary>Which folders config files may be written to.</summary>
internal static class WritableFolderRules
{
    public const string Description = "The folders that config files may be written to, by absolute path; an empty list: none; null: /opt, /srv and /etc/deployhub.";
    private const string Field = "writableFolders";
    private const int Most = 100;

    public static Refusal? Check(List<string>? folders)
    {
        if (folders is { Count: > Most })
        {
            return Refusal.Invalid(Field, $"must not be more than {Most} folders.");
        }

        for (var i = 0; i < folders?.Count; i++)
        {
            if ((folders[i] is { } folder ? TargetPath.FolderProblem(folder) : "must be a string.") is { } problem)
            {
                return Refusal.Invalid($"{Field}[{i}]", problem);
            }

            if (folders.IndexOf(folders[i]) != i)
            {
                return Refusal.Invalid($"{Field}[{i}]", "must not be named twice.");
            }
        }

        return null;
    }
}
