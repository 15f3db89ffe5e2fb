namespace System.Runtime.CompilerServices;

/// <summary>The runtime knows this attribute by its name: an assembly with it may use the internals of the one that it names.</summary>
[AttributeUsage(AttributeTargets.Assembly, AllowMultiple = true)]
internal sealed class IgnoresAccessChecksToAttribute(string assemblyName) : Attribute
{
    /// <summary>The assembly whose internals are open.</summary>
    public string AssemblyName { get; } = assemblyName;
}
