namespace DeployHub.Docker;

/// <summary>Something went wrong between this client, an engine and a registry. The message is a sentence for an operator: what was asked, of which engine, what it said.</summary>
/// <param name="message">The sentence. Never holds credentials.</param>
/// <param name="statusCode">The HTTP status of the engine's answer, when there was one.</param>
/// <param name="inner">The cause, when there is one.</param>
public abstract class EngineException(string message, int? statusCode = null, Exception? inner = null) : Exception(message, inner)
{
    /// <summary>The HTTP status of the engine's answer; null when there was none, or when the error came inside a stream.</summary>
    public int? StatusCode { get; } = statusCode;
}

/// <summary>The text is no endpoint of an engine, or one of a kind that is not supported yet.</summary>
/// <param name="message">What is wrong with it.</param>
public sealed class EngineEndpointException(string message) : EngineException(message);

/// <summary>No connection came about (refused, no socket, no such host, too slow): nothing was sent, nothing has changed.</summary>
/// <param name="message">The sentence for the operator.</param>
/// <param name="inner">The cause.</param>
public sealed class EngineUnreachableException(string message, Exception? inner = null) : EngineException(message, null, inner);

/// <summary>The request was sent and no complete answer came. It may or may not have been done: inspect and reconcile, never assume.</summary>
/// <param name="message">The sentence for the operator.</param>
/// <param name="inner">The cause.</param>
public class EngineResponseLostException(string message, Exception? inner = null) : EngineException(message, null, inner);

/// <summary>The deadline passed before the answer was complete. Means the same as a lost response: it may or may not have been done.</summary>
/// <param name="message">The sentence for the operator.</param>
/// <param name="inner">The cause.</param>
public sealed class EngineTimeoutException(string message, Exception? inner = null) : EngineResponseLostException(message, inner);

/// <summary>The engine's answer is not what the Engine API describes, or is larger than the client reads.</summary>
/// <param name="message">The sentence for the operator.</param>
/// <param name="inner">The cause.</param>
public sealed class EngineProtocolException(string message, Exception? inner = null) : EngineException(message, null, inner);

/// <summary>The engine and this client have no version of the Engine API in common.</summary>
/// <param name="message">The sentence for the operator.</param>
/// <param name="statusCode">400 when the engine said so itself.</param>
public sealed class EngineVersionException(string message, int? statusCode = null) : EngineException(message, statusCode);

/// <summary>The engine knows no such container, network, volume or path (404).</summary>
/// <param name="message">The sentence for the operator.</param>
/// <param name="statusCode">The HTTP status.</param>
public class EngineNotFoundException(string message, int? statusCode = null) : EngineException(message, statusCode);

/// <summary>The engine or the registry has no such image: tag, repository or digest is missing.</summary>
/// <param name="message">The sentence for the operator.</param>
/// <param name="statusCode">The HTTP status; null for an error inside a stream.</param>
public sealed class ImageNotFoundException(string message, int? statusCode = null) : EngineNotFoundException(message, statusCode);

/// <summary>What was asked contradicts what stands there: a name in use, a container that runs or does not run (409).</summary>
/// <param name="message">The sentence for the operator.</param>
/// <param name="statusCode">The HTTP status.</param>
public sealed class EngineConflictException(string message, int? statusCode = null) : EngineException(message, statusCode);

/// <summary>The engine refuses the request as it stands (400 and the other 4xx): repeating it unchanged is useless.</summary>
/// <param name="message">The sentence for the operator.</param>
/// <param name="statusCode">The HTTP status.</param>
public sealed class EngineBadRequestException(string message, int? statusCode = null) : EngineException(message, statusCode);

/// <summary>The engine tried and failed (5xx): a port already allocated, a program that cannot be started, a full disk.</summary>
/// <param name="message">The sentence for the operator.</param>
/// <param name="statusCode">The HTTP status; null for an error inside a stream.</param>
public sealed class EngineServerException(string message, int? statusCode = null) : EngineException(message, statusCode);

/// <summary>The registry wants credentials, or does not accept those given.</summary>
/// <param name="message">The sentence for the operator.</param>
/// <param name="statusCode">The HTTP status; null for an error inside a stream.</param>
public sealed class RegistryUnauthorizedException(string message, int? statusCode = null) : EngineException(message, statusCode);

/// <summary>The engine cannot reach the registry, or it does not serve (down, no such host, TLS, rate limit): worth trying again later.</summary>
/// <param name="message">The sentence for the operator.</param>
/// <param name="statusCode">The HTTP status; null for an error inside a stream.</param>
public sealed class RegistryUnreachableException(string message, int? statusCode = null) : EngineException(message, statusCode);
