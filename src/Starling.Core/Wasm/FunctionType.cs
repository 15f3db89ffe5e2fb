using System;
using System.Collections.Generic;
using System.Linq;

namespace Starling.Core.Wasm;

/// <summary>Parameters and results of a function or a block. Two are equal when their lists are.</summary>
public sealed class FunctionType : IEquatable<FunctionType>
{
    private readonly WasmType[] _parameters;
    private readonly WasmType[] _results;

    /// <param name="parameters">Types of the parameters; kept.</param>
    /// <param name="results">Types of the results; kept.</param>
    public FunctionType(WasmType[] parameters, WasmType[] results)
    {
        _parameters = parameters;
        _results = results;
    }

    /// <summary>Takes nothing and returns nothing.</summary>
    public static FunctionType Empty { get; } = new([], []);

    /// <summary>Types of the parameters.</summary>
    public IReadOnlyList<WasmType> Parameters => _parameters;

    /// <summary>Types of the results.</summary>
    public IReadOnlyList<WasmType> Results => _results;

    /// <inheritdoc/>
    public bool Equals(FunctionType? other) => other is not null && _parameters.AsSpan().SequenceEqual(other._parameters) && _results.AsSpan().SequenceEqual(other._results);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as FunctionType);

    /// <inheritdoc/>
    public override int GetHashCode()
    {
        // Of its own, so that it is the same in every process.
        uint hash = 2166136261;
        foreach (WasmType type in _parameters)
        {
            hash = (hash ^ (byte)type) * 16777619;
        }

        hash *= 16777619;
        foreach (WasmType type in _results)
        {
            hash = (hash ^ (byte)type) * 16777619;
        }

        return (int)hash;
    }

    /// <summary>As the text format writes it: <c>i32 i64 -> f64</c>.</summary>
    public override string ToString() => $"{Text(_parameters)} -> {Text(_results)}";

    private static string Text(WasmType[] types) => types.Length == 0 ? "()" : string.Join(' ', types.Select(type => type.ToString().ToLowerInvariant()));
}
