using System.Diagnostics.CodeAnalysis;

namespace DeployHub.Intake;

/// <summary>What was asked for, or why not.</summary>
public sealed class Result<T> where T : notnull
{
    private readonly T? _value;
    private readonly Refusal? _refusal;

    private Result(T? value, Refusal? refusal) => (_value, _refusal) = (value, refusal);

    public static implicit operator Result<T>(T value) => new(value, null);

    public static implicit operator Result<T>(Refusal refusal) => new(default, refusal);

    /// <summary>True when it was refused; exactly one of the two is set.</summary>
    public bool IsRefused([NotNullWhen(true)] out Refusal? refusal, [NotNullWhen(false)] out T? value)
    {
        (refusal, value) = (_refusal, _value);
        return refusal is not null;
    }
}

public static class ResultSteps
{
    /// <summary>Goes on with the value; a refusal passes through.</summary>
    public static async Task<Result<TNext>> Then<T, TNext>(this Task<Result<T>> first, Func<T, Task<Result<TNext>>> next)
        where T : notnull where TNext : notnull =>
        (await first).IsRefused(out var refusal, out var value) ? refusal : await next(value);
}
