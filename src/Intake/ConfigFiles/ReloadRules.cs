using DeployHub.Domain.ConfigFiles;
using DeployHub.Domain.Services;

namespace DeployHub.Intake.ConfigFiles;

/// <summary>What may be asked of a container when its file has changed.</summary>
internal static class ReloadRules
{
    // Signals by which programs are told something; what ends or freezes a container is not among them.
    private static readonly string[] Signals =
        ["SIGHUP", "SIGINT", "SIGQUIT", "SIGTERM", "SIGUSR1", "SIGUSR2", "SIGWINCH", "SIGCONT", "SIGALRM", "SIGIO", "SIGURG"];

    public static Refusal? Check(ConfigAttachment attachment, Service service)
    {
        if (attachment.OnChange != OnChange.Signal)
        {
            return attachment.Signal is null ? null : Refusal.Invalid("signal", "goes with onChange «signal» alone.");
        }

        if (attachment.Signal is null || !Signals.Contains(attachment.Signal))
        {
            return Refusal.Invalid("signal", $"must be one of {string.Join(", ", Signals.Select(signal => $"«{signal}»"))}.");
        }

        return service.Container?.Volumes?.Any(volume => volume.Source == attachment.TargetPath) == true
            ? Refusal.Invalid(
                "onChange", $"cannot be «signal»: the container of «{service.Name}» binds this single file, and would go on seeing the old one.",
                "The file is replaced by a rename, which a bind of the file itself does not follow. Use «restart», or bind the folder.")
            : null;
    }
}
