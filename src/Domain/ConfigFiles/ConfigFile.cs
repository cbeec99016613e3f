namespace DeployHub.Domain.ConfigFiles;

/// <summary>A file that is kept here and written onto the servers of the services that it is attached to.</summary>
public class ConfigFile
{
    /// <summary>The largest content, decoded: 1 MiB.</summary>
    public const int LargestBytes = 1024 * 1024;

    public Guid Id { get; init; }
    public Guid EnvironmentId { get; init; }
    public required string Name { get; set; }
    public required string Filename { get; set; }

    /// <summary>The bytes as they were given: nothing is trimmed or re-encoded.</summary>
    public required byte[] Content { get; set; }

    /// <summary>Not text, so nothing in it is replaced, and it goes over the wire in base64.</summary>
    public bool IsBinary { get; set; }

    public string? Description { get; set; }
    public string? Language { get; set; }

    /// <summary>Counts the changes from 1; the file's ETag.</summary>
    public int Version { get; set; }

    public DateTime CreatedAt { get; init; }
    public DateTime UpdatedAt { get; set; }
}

/// <summary>A config file as it was before a change.</summary>
public class ConfigFileVersion
{
    public Guid Id { get; init; }
    public Guid ConfigFileId { get; init; }
    public int Version { get; init; }
    public required string Filename { get; init; }
    public required byte[] Content { get; init; }
    public bool IsBinary { get; init; }

    /// <summary>Who made this version.</summary>
    public required string CreatedBy { get; init; }

    public DateTime CreatedAt { get; init; }
}

/// <summary>Where a config file goes: to a path on every server of a service, or on the one of a service deployment, which then overrides the service's.</summary>
public class ConfigAttachment
{
    public Guid Id { get; init; }
    public Guid ConfigFileId { get; init; }
    public Guid ServiceId { get; init; }
    public Guid? ServiceDeploymentId { get; init; }

    /// <summary>Absolute, on the host.</summary>
    public required string TargetPath { get; set; }

    /// <summary>Permission bits: 0 to 0777.</summary>
    public int Mode { get; set; }

    public int Uid { get; set; }
    public int Gid { get; set; }
    public OnChange OnChange { get; set; }

    /// <summary>With <see cref="OnChange.Signal"/>: <c>SIGHUP</c> and the like.</summary>
    public string? Signal { get; set; }

    public DateTime CreatedAt { get; init; }
    public DateTime UpdatedAt { get; set; }
}

/// <summary>What happens to the service's container when its file has changed.</summary>
public enum OnChange
{
    Nothing,
    Signal,
    Restart,
}

/// <summary>A variable or a secret of an environment, for <c>${NAME}</c> in text.</summary>
public class EnvironmentValue
{
    public Guid Id { get; init; }
    public Guid EnvironmentId { get; init; }
    public required string Name { get; init; }
    public bool IsSecret { get; init; }

    /// <summary>A variable's value; null for a secret.</summary>
    public string? Value { get; set; }

    /// <summary>A secret's value, encrypted; null for a variable.</summary>
    public byte[]? Sealed { get; set; }

    public DateTime CreatedAt { get; init; }
    public DateTime UpdatedAt { get; set; }
}
