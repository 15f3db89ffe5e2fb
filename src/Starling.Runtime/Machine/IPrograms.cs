namespace Starling.Runtime.Machine;

/// <summary>The programs that a task's command would find, and how to ask them for their version.</summary>
public interface IPrograms
{
    /// <summary>Why programs are not asked; null: they are.</summary>
    string? WhyNotAsked { get; }

    /// <summary>Absolute path, as the command would see it, of a program; null: there is none.</summary>
    string? Find(string name);

    /// <summary>The start of what a program prints for one flag, on both outputs; null: it can't be asked.</summary>
    string? Ask(string path, string flag);
}
