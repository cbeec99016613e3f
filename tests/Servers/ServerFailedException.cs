namespace DeployHub.Servers;

/// <summary>A server or a program of a test ended or refused; the message carries the end of its output.</summary>
public sealed class ServerFailedException : Exception
{
    /// <summary>Without a message.</summary>
    public ServerFailedException()
    {
    }

    /// <summary>With what happened and the end of the output.</summary>
    public ServerFailedException(string message) : base(message)
    {
    }

    /// <summary>With what happened, the end of the output and the cause.</summary>
    public ServerFailedException(string message, Exception innerException) : base(message, innerException)
    {
    }
}
